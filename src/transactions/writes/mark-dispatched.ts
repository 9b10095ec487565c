import type { Sql } from '../../database/sql.ts';

/** Longer than any one exchange with Daraja may take; renewed for each. */
export const promptLeaseMs = 30_000;

export type Dispatch = { transactionId: string; leaseHolder: string; attempt: number };

/**
 * Commits, just before the first byte of a push leaves, that it may have left, for all that are to leave at this moment.
 * From here on a crash means UNCONFIRMED. Says of each whether its lease is held still: only then may it leave.
 */
export async function markDispatched(
  sql: Sql,
  firstCheckMs: number,
  dispatches: readonly Dispatch[],
): Promise<boolean[]> {
  const ids = dispatches.map(({ transactionId }) => transactionId);
  const holders = dispatches.map(({ leaseHolder }) => leaseHolder);
  const attempts = dispatches.map(({ attempt }) => attempt);
  // The payments' rows come first, by their ids, as in every settlement: two orders of locking would sooner or later
  // deadlock.
  const marked = await sql<{ id: string }>`
    with payment as (
      select id from transactions
      where id = any(${ids}::uuid[]) and status = 'REQUESTED' order by id for update),
    asked as (
      select * from unnest(${ids}::uuid[], ${holders}::text[], ${attempts}::int[]) as n(id, holder, attempt)),
    held as (
      update open_work w set
        lease_expires_at = now() + ${promptLeaseMs}::int * interval '1 ms',
        next_check_at = now() + ${firstCheckMs}::int * interval '1 ms'
      from payment join asked using (id)
      where w.transaction_id = payment.id and w.lease_holder = asked.holder
        and w.lease_expires_at > clock_timestamp()
      returning w.transaction_id, asked.attempt)
    update attempts a set dispatched_at = now()
    from held where a.transaction_id = held.transaction_id and a.number = held.attempt
    returning a.transaction_id::text as id`;
  const found = new Set(marked.map(({ id }) => id));
  return ids.map((id) => found.has(id));
}
