import type { Sql } from '../../database/sql.ts';
import { isPaid } from '../decide/outcomes.ts';
import type { Addressed } from './submission.ts';

/** A payment that names a receipt as its own. Whoever claims it first has it for ever. */
export type Claim = { receipt: string; transactionId: string; createdAt: Date };

/** Each once, however often it is made; in receipt order, so that two settlements cannot wait for each other. */
export function claimsOf(addressed: readonly Addressed[]): Claim[] {
  const claims = new Map<string, Claim>();
  for (const { transactionId, receivedAt: createdAt, ...item } of addressed) {
    if (item.kind !== 'evidence' || item.evidence.kind !== 'callback' || !isPaid(item.evidence)) continue;
    const { receipt } = item.evidence;
    if (receipt !== null) claims.set(claimKey(receipt, transactionId), { receipt, transactionId, createdAt });
  }
  return [...claims.values()].sort((a, b) => (a.receipt < b.receipt ? -1 : Number(a.receipt > b.receipt)));
}

export const claimKey = (receipt: string, transactionId: string): string => `${receipt} ${transactionId}`;

/** Of the claims that were made, those whose receipt belongs to another payment. */
export async function foreignReceiptsAmong(
  sql: Sql,
  claims: readonly Claim[],
  claimed: readonly string[],
): Promise<ReadonlySet<string>> {
  if (claimed.length === claims.length) return new Set();
  const holders = await holdersOf(
    sql,
    claims.map(({ receipt }) => receipt),
  );
  return new Set(
    claims
      .filter(({ receipt, transactionId }) => holders.get(receipt) !== transactionId)
      .map(({ receipt, transactionId }) => claimKey(receipt, transactionId)),
  );
}

/** In a statement of its own: one that waited for another settlement's claim does not see it. */
async function holdersOf(sql: Sql, receipts: readonly string[]): Promise<Map<string, string>> {
  const held = await sql<Pick<Claim, 'receipt' | 'transactionId'>>`
    select receipt, transaction_id::text as "transactionId" from receipts
    where receipt = any(${receipts}::text[])`;
  return new Map(held.map(({ receipt, transactionId }) => [receipt, transactionId]));
}
