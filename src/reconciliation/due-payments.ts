import type { PrismaClient } from '../database/database.ts';
import { CheckoutRequestId } from '../daraja/checkout-request-id.ts';
import type { QueryBudget } from './query-budget.ts';

/** `rung` is how many answers there have been, `plannedFor` when it was to be asked about. */
export type Planned = { id: string; rung: number; plannedFor: Date | null };

export type DuePayment = Planned & {
  checkoutRequestId: CheckoutRequestId;
  /** Whether M-Pesa may not know it yet (daraja.md §4). */
  isYoung: boolean;
};

/** For how long one process may be at a question before another asks it, in seconds. */
const leaseSeconds = 60;

/**
 * Takes the next slot of the budget and leases the payment that it is spent on, in one statement that commits before
 * M-Pesa is asked: no slot is taken for nothing, and none is waited for with a payment in hand. Watched payments come
 * first, then those that were looked at least, then the oldest; one slot in five goes to whoever waits longest. Null when
 * nothing is due, or the time of the slot has not come.
 */
export async function leaseNextPayment(
  prisma: PrismaClient,
  { name, pauseMs }: Pick<QueryBudget, 'name' | 'pauseMs'>,
): Promise<DuePayment | null> {
  // A statement that had to wait for the row of the budget reads the clock when it has it. A slot that lies far ahead
  // was planned before the clock was set back.
  const leased = await prisma.$queryRaw<
    (Omit<DuePayment, 'checkoutRequestId'> & { checkoutRequestId: string })[]
  >`
    with due as (
      select d.transaction_id, t.checkout_request_id, t.created_at
      from open_work d join transactions t on t.id = d.transaction_id
      where d.next_check_at <= now() and (d.check_lease_until is null or d.check_lease_until < now())
        and t.checkout_request_id is not null
      order by
        case when (select slots_taken % 5 = 4 from query_budgets where name = ${name}) then d.next_check_at end,
        coalesce(d.watched_until > now(), false) desc, d.looks, d.next_check_at, d.transaction_id
      limit 1 for update of d skip locked),
    slot as (
      insert into query_budgets as b (name, next_slot_at, slots_taken)
      select ${name}, clock_timestamp() + ${pauseMs}::float8 * interval '1 ms', 1 from due
      on conflict (name) do update set
        next_slot_at = clock_timestamp()
          + ${pauseMs}::float8 * case when b.halved_until > clock_timestamp() then 2 else 1 end * interval '1 ms',
        slots_taken = b.slots_taken + 1
      where b.next_slot_at <= clock_timestamp() or b.next_slot_at > clock_timestamp() + interval '5 minutes'
      returning b.name)
    update open_work w set check_lease_until = now() + ${leaseSeconds}::int * interval '1 s', looks = w.looks + 1
    from due, slot where w.transaction_id = due.transaction_id
    returning w.transaction_id::text as id, due.checkout_request_id as "checkoutRequestId", w.rung,
      w.next_check_at as "plannedFor", due.created_at > now() - interval '10 minutes' as "isYoung"`;
  const [due] = leased;
  return due ? { ...due, checkoutRequestId: new CheckoutRequestId(due.checkoutRequestId) } : null;
}

/** How long the next slot is away, in milliseconds; null when there is nothing to spend it on. */
export async function untilNextQuestion(
  prisma: PrismaClient,
  { name }: Pick<QueryBudget, 'name'>,
): Promise<number | null> {
  const waits = await prisma.$queryRaw<{ waitMs: number }[]>`
    select coalesce((
      select greatest(extract(epoch from next_slot_at - clock_timestamp()) * 1000, 0) from query_budgets
      where name = ${name} and next_slot_at <= clock_timestamp() + interval '5 minutes'), 0)::float8 as "waitMs"
    where exists (
      select 1 from open_work w join transactions t on t.id = w.transaction_id
      where w.next_check_at <= now() and (w.check_lease_until is null or w.check_lease_until < now())
        and t.checkout_request_id is not null)`;
  return waits[0]?.waitMs ?? null;
}

/** The question was not asked after all. */
export async function giveBack(prisma: PrismaClient, { id }: DuePayment): Promise<void> {
  await prisma.$executeRaw`
    update open_work set check_lease_until = null, looks = looks - 1 where transaction_id = ${id}::uuid`;
}

/** Payments that are due and that M-Pesa cannot be asked about, because it never gave us an id. */
export async function findUnaskable(prisma: PrismaClient): Promise<Planned[]> {
  // In no order: a hundred that cannot be planned anew must not hide those behind them for ever.
  return prisma.$queryRaw`
    select w.transaction_id::text as id, w.rung, w.next_check_at as "plannedFor" from open_work w join transactions t on t.id = w.transaction_id
    where w.next_check_at <= now() and t.checkout_request_id is null and w.lease_holder is null
    order by random() limit 100`;
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
