import { isId } from '../lib/ids.ts';
import { notFound } from './errors.ts';

/** The UUID within a global id of that type; null for a malformed one, or another type's. */
function readIdOf(typeName: 'Transaction' | 'ApiKey', globalId: string): string | null {
  const text = Buffer.from(globalId, 'base64').toString('utf8');
  const id = text.startsWith(`${typeName}:`) ? text.slice(typeName.length + 1) : '';
  return isId(id) ? id : null;
}

export function makeTransactionId(id: string): string {
  return Buffer.from(`Transaction:${id}`).toString('base64');
}

export function readTransactionId(globalId: string): string | null {
  return readIdOf('Transaction', globalId);
}

export function readApiKeyId(globalId: string): string | null {
  return readIdOf('ApiKey', globalId);
}

/** Throws NOT_FOUND, like an id that is nobody's. */
export function requireTransactionId(globalId: string): string {
  const id = readTransactionId(globalId);
  if (id === null) throw notFound();
  return id;
}

/** A place in a list: it needs no row to be there. */
export function makeCursor(id: string): string {
  return Buffer.from(`after:${id}`).toString('base64url');
}

export function readCursor(cursor: string): string | null {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const id = text.startsWith('after:') ? text.slice('after:'.length) : '';
  return isId(id) ? id : null;
}
