import type { PrismaClient } from '../database/database.ts';
import type { AttentionReason, TransactionStatus } from '../database/generated/prisma/enums.ts';

/** How old an open payment is: M-Pesa answers within two minutes, or not at all. */
export const ages = ['under_2m', '2m_to_10m', '10m_to_1h', '1h_to_1d', 'over_1d'] as const;

/** How the payments of the whole deployment stand. */
export type PaymentStanding = {
  open: { status: TransactionStatus; age: (typeof ages)[number]; payments: number }[];
  oldestOpenSeconds: number;
  attention: { reason: AttentionReason; payments: number }[];
  queriesDue: number;
  slotsTaken: number;
  halvedUntilSeconds: number;
};

/** For how long an answer is good, in milliseconds: whoever scrapes more often costs the database nothing more. */
const keptMs = 5_000;

/**
 * Reads it in one statement, which looks at open payments and at those with attention, each in an index of their own, and at
 * no other. Whoever asks meanwhile shares the answer, so that a database that hangs loses one connection to this at most.
 */
export function createPaymentStanding(
  prisma: PrismaClient,
  budgetName: string,
): () => Promise<PaymentStanding> {
  let reading: Promise<PaymentStanding> | null = null;
  let kept: { standing: PaymentStanding; until: number } | null = null;

  async function read(): Promise<PaymentStanding> {
    const standing = await readStanding(prisma, budgetName);
    kept = { standing, until: performance.now() + keptMs };
    return standing;
  }

  return async () => {
    if (kept !== null && performance.now() < kept.until) return kept.standing;
    return (reading ??= read().finally(() => (reading = null)));
  };
}

async function readStanding(prisma: PrismaClient, budgetName: string): Promise<PaymentStanding> {
  // Every open payment has its row of open work, and few others do.
  const rows = await prisma.$queryRaw<PaymentStanding[]>`
    with open as (
      select t.status, extract(epoch from now() - t.created_at)::float8 as age
      from open_work w join transactions t on t.id = w.transaction_id
      where t.status in ('REQUESTED', 'AWAITING_PAYER', 'UNCONFIRMED')),
    open_by_age as (
      select status, case
          when age < 120 then 'under_2m' when age < 600 then '2m_to_10m' when age < 3600 then '10m_to_1h'
          when age < 86400 then '1h_to_1d' else 'over_1d' end as age,
        count(*)::int as payments
      from open group by 1, 2),
    attention as (
      select reason, count(*)::int as payments from transactions, unnest(attention) as reason
      where attention <> '{}' group by 1),
    budget as (select slots_taken, halved_until from query_budgets where name = ${budgetName})
    select
      coalesce((select json_agg(open_by_age) from open_by_age), '[]') as open,
      coalesce((select greatest(max(age), 0) from open), 0)::float8 as "oldestOpenSeconds",
      coalesce((select json_agg(attention) from attention), '[]') as attention,
      (select count(*) from (
        select from open_work w join transactions t on t.id = w.transaction_id
        where w.next_check_at <= now() and t.checkout_request_id is not null limit 10000) due)::int as "queriesDue",
      coalesce((select slots_taken from budget), 0)::float8 as "slotsTaken",
      coalesce((select extract(epoch from halved_until) from budget), 0)::float8 as "halvedUntilSeconds"`;
  const [standing] = rows;
  if (standing === undefined) throw new Error('The database gave no answer');
  return standing;
}
