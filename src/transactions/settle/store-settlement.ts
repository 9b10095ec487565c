import type { Sql } from '../../database/sql.ts';
import { attemptRowsOf, isReleased } from './attempt-rows.ts';
import { countRepeats, evidenceToKeep, fileUnmatched } from './keep-evidence.ts';
import { eventRowsOf, paymentRowsOf } from './changed-rows.ts';
import { isDone, planChecks } from './plan-checks.ts';
import type { Target } from './settlement.ts';
import type { Submission } from './submission.ts';
import { writeSettlement } from './write-settlement.ts';

/** Writes settlements in statements whose number does not grow with the batch, except for answers to queries. */
export async function storeSettlement(
  sql: Sql,
  targets: readonly Target[],
  unmatched: readonly Submission[],
): Promise<void> {
  const { done = [], open = [] } = Object.groupBy(targets, (target) => (isDone(target) ? 'done' : 'open'));
  const evidence = evidenceToKeep(targets, unmatched);
  await writeSettlement(sql, {
    payments: targets.flatMap(paymentRowsOf),
    events: targets.flatMap(eventRowsOf),
    attempts: targets.flatMap(attemptRowsOf),
    evidence: evidence.rows,
    done: done.map(({ id }) => id),
    released: open.filter(({ settlement }) => isReleased(settlement)).map(({ id }) => id),
  });
  await countRepeats(sql, evidence);
  await fileUnmatched(sql, evidence);
  await planChecks(sql, open);
}
