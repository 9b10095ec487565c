import type { Sql } from '../../database/sql.ts';
import type { QueryEvidence } from '../decide/evidence.ts';
import { isResult } from '../decide/outcomes.ts';
import type { Settlement, Target } from './settlement.ts';
import { isFinal } from '../decide/status.ts';

/** How far apart two queries must be that report a failure, where the ladder plans none: a person may ask for it. */
const afterTheLadderMs = 60_000;

/** Plans when M-Pesa is asked about payments that are not done. */
export async function planChecks(sql: Sql, open: readonly Target[]): Promise<void> {
  for (const { id, settlement } of open) await planNextLook(sql, id, settlement);
  const now = open.filter(({ settlement }) => settlement.decision.checkNow).map(({ id }) => id);
  if (now.length > 0) {
    await sql`
      insert into open_work (transaction_id, next_check_at) select id, now() from unnest(${now}::uuid[]) as id
      on conflict (transaction_id) do update set next_check_at = now()`;
  }
}

/** Whether nothing is left to be done: it has just become final, and M-Pesa is not to be asked about it. */
export function isDone({ settlement: { before, decision, submissions } }: Target): boolean {
  if (decision.checkNow || !isFinal(decision.payment.status)) return false;
  const answered = submissions.some(
    (item) => item.kind === 'evidence' && item.evidence.kind === 'query' && isLastWord(item.evidence),
  );
  return answered || decision.payment.status !== before.status;
}

/** Of a final payment: M-Pesa gave a result, or will not be asked again. */
function isLastWord(query: QueryEvidence): boolean {
  return isResult(query) || query.next.pauseMs === null;
}

/**
 * When M-Pesa is asked next. By the database's clock, which all processes share; and never later than what was planned
 * while the question was on its way: whoever wants to know now is not made to wait for the ladder.
 */
async function planNextLook(sql: Sql, transactionId: string, { before, decision, submissions }: Settlement) {
  const { suspectedCode } = decision.payment;
  for (const submission of submissions) {
    if (submission.kind !== 'evidence' || submission.evidence.kind !== 'query') continue;
    const { rung, pauseMs, plannedFor } = submission.evidence.next;
    await sql`
      update open_work set rung = ${rung}, check_lease_until = null,
        next_check_at = case when next_check_at is distinct from ${plannedFor}::timestamptz then next_check_at
          else now() + ${pauseMs}::float8 * interval '1 ms' end,
        suspected_code = ${suspectedCode},
        confirm_after = case
          when ${suspectedCode}::text is null then null
          when ${suspectedCode} = ${before.suspectedCode}::text then confirm_after
          else now() + coalesce(${pauseMs}::float8, ${afterTheLadderMs}::float8) * interval '1 ms' end
      where transaction_id = ${transactionId}::uuid`;
    return;
  }
  if (suspectedCode === before.suspectedCode) return;
  await sql`
    update open_work set suspected_code = ${suspectedCode}, confirm_after = null
    where transaction_id = ${transactionId}::uuid`;
}
