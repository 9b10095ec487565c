import { brandWithType } from '@pothos/core';
import { findKeys } from '../access/keys/find-keys.ts';
import { within, type Sight } from '../transactions/find.ts';
import { requireSight } from './authorize.ts';
import type { Context } from './context.ts';
import { readApiKeyId, readTransactionId } from './global-ids.ts';
import { ApiKey } from './key-types.ts';
import { Transaction } from './transaction-type.ts';

/**
 * What has these ids, as far as the caller may see it; null for the rest, whatever the reason. Keys are for `admin`.
 * Throws FORBIDDEN where the caller may see no payment at all, unless it asks about keys alone.
 */
export async function findNodes(context: Context, globalIds: readonly string[]) {
  const keyIds = globalIds.map(readApiKeyId).filter((id) => id !== null);
  const isAboutKeys = keyIds.length > 0 && keyIds.length === globalIds.length;
  const [payments, keys] = await Promise.all([
    isAboutKeys ? [] : findPayments(context, requireSight(context), globalIds),
    keyIds.length > 0 && isAdmin(context) ? findKeys(context.deps.prisma, keyIds) : [],
  ]);
  for (const row of payments) brandWithType(row, Transaction);
  for (const row of keys) brandWithType(row, ApiKey);
  const [paymentOf, keyOf] = [byId(payments), byId(keys)];
  return globalIds.map(
    (id) => paymentOf.get(readTransactionId(id) ?? '') ?? keyOf.get(readApiKeyId(id) ?? '') ?? null,
  );
}

function byId<Row extends { id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}

async function findPayments({ deps }: Context, sight: Sight, globalIds: readonly string[]) {
  const ids = globalIds.map(readTransactionId).filter((id) => id !== null);
  return deps.prisma.transaction.findMany({ where: { AND: [{ id: { in: ids } }, within(sight)] } });
}

function isAdmin({ viewer }: Context): boolean {
  return viewer.kind === 'client' && viewer.scopes.has('admin');
}
