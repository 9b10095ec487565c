import type { PrismaClient } from '../database/database.ts';

export type DuePayment = { id: string; checkoutRequestId: string; rung: number; plannedFor: Date | null };

/** For how long one process may be at a question before another asks it, in seconds. */
const leaseSeconds = 60;

/**
 * Leases the payment to ask about next, in a statement that commits before M-Pesa is asked. Watched payments come
 * first, then those that were looked at least, then the oldest; one slot in five goes to whoever waits longest.
 */
export async function leaseDuePayment(
  prisma: PrismaClient,
  isForLongestWaiting: boolean,
): Promise<DuePayment | null> {
  const leased = await prisma.$queryRaw<DuePayment[]>`
    update open_work w set check_lease_until = now() + ${leaseSeconds}::int * interval '1 s', looks = w.looks + 1
    from (
      select d.transaction_id, t.checkout_request_id from open_work d join transactions t on t.id = d.transaction_id
      where d.next_check_at <= now() and (d.check_lease_until is null or d.check_lease_until < now())
        and t.checkout_request_id is not null
      order by
        case when ${isForLongestWaiting} then d.next_check_at end,
        coalesce(d.watched_until > now(), false) desc, d.looks, d.next_check_at, d.transaction_id
      limit 1 for update of d skip locked) due
    where w.transaction_id = due.transaction_id
    returning w.transaction_id::text as id, due.checkout_request_id as "checkoutRequestId", w.rung,
      w.next_check_at as "plannedFor"`;
  return leased[0] ?? null;
}

/** Whether there is anything to spend a slot on. */
export async function isAnythingDue(prisma: PrismaClient): Promise<boolean> {
  const due = await prisma.$queryRaw<unknown[]>`
    select 1 from open_work w join transactions t on t.id = w.transaction_id
    where w.next_check_at <= now() and (w.check_lease_until is null or w.check_lease_until < now())
      and t.checkout_request_id is not null limit 1`;
  return due.length > 0;
}

/** Payments that are due and that M-Pesa cannot be asked about, because it never gave us an id. */
export async function findUnaskable(prisma: PrismaClient): Promise<Omit<DuePayment, 'checkoutRequestId'>[]> {
  return prisma.$queryRaw`
    select w.transaction_id::text as id, w.rung, w.next_check_at as "plannedFor" from open_work w join transactions t on t.id = w.transaction_id
    where w.next_check_at <= now() and t.checkout_request_id is null and w.lease_holder is null limit 100`;
}

/** The question had no answer: it is asked again after the same pause, on the same rung. */
export async function askAgain(
  prisma: PrismaClient,
  { id, plannedFor }: DuePayment,
  pauseMs: number,
): Promise<void> {
  await prisma.$executeRaw`
    update open_work set check_lease_until = null,
      next_check_at = case when next_check_at is distinct from ${plannedFor}::timestamptz then next_check_at
        else now() + ${pauseMs}::float8 * interval '1 ms' end
    where transaction_id = ${id}::uuid`;
}
