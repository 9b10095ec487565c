import type { PrismaClient } from '../../database/database.ts';
import { openStatuses } from '../decide/status.ts';

/** Beyond every ladder: whatever M-Pesa answers about a final payment that a person doubts, it is asked no further. */
const askedOnce = 1_000;
/** For how long a person waits for the answer, in seconds: it is asked for like that of a payment that is watched. */
const awaitedSeconds = 300;

/**
 * Has M-Pesa asked about a payment as soon as the budget allows, final or not. Where a question is due or under way it
 * stays one question, however often this is asked for. False: M-Pesa gave no id by which to ask.
 */
export async function recheckPayment(
  { prisma }: { prisma: PrismaClient },
  transactionId: string,
): Promise<boolean> {
  const planned = await prisma.$executeRaw`
    with payment as (
      select id, status::text = any(${[...openStatuses]}) as is_open from transactions
      where id = ${transactionId}::uuid and checkout_request_id is not null for update)
    insert into open_work as w (transaction_id, next_check_at, watched_until, rung)
    select id, now(), now() + ${awaitedSeconds}::int * interval '1 s', case when is_open then 0 else ${askedOnce}::int end
    from payment
    on conflict (transaction_id) do update set
      next_check_at = least(w.next_check_at, excluded.next_check_at),
      watched_until = greatest(w.watched_until, excluded.watched_until)`;
  return planned === 1;
}
