import { callerError } from './errors.ts';
import { readCursor } from './global-ids.ts';
import { listSizeDefault, listSizeMax } from './limits/limits.ts';

/** Throws BAD_USER_INPUT for what would otherwise have to be cut down in silence. */
export function readPageSize(name: 'first' | 'last', size: number | null | undefined): number {
  const take = size ?? listSizeDefault;
  if (take >= 1 && take <= listSizeMax) return take;
  throw callerError('BAD_USER_INPUT', `\`${name}\` must be from 1 to ${String(listSizeMax)}.`);
}

/** The id behind a cursor. Throws BAD_USER_INPUT for what is none. */
export function readPlace(name: 'after' | 'before', cursor: string | null | undefined): string | undefined {
  if (typeof cursor !== 'string') return undefined;
  const id = readCursor(cursor);
  if (id === null) throw callerError('BAD_USER_INPUT', `\`${name}\` is not a cursor of this list.`);
  return id;
}
