import type { TargetResult } from '../../work.ts';

/** Rows that a settled payment must have left. */
export type Kept = { completed: number; events: number; applied: number; receipts: number; openWork: number };

export const keptQuery = `
  select
    (select count(*)::int from transactions where status = 'COMPLETED') as completed,
    (select count(*)::int from transaction_events where status = 'COMPLETED') as events,
    (select count(*)::int from evidence where verdict = 'APPLIED') as applied,
    (select count(*)::int from receipts) as receipts,
    (select count(*)::int from open_work w join transactions t on t.id = w.transaction_id
      where t.status = 'COMPLETED') as "openWork"`;

/** What was answered 200 is in the database, whole and once. */
export function proveNothingLost(target: string, answered: number, kept: Kept | undefined): TargetResult {
  if (kept === undefined) throw new Error('The database did not say what it keeps');
  const { completed, events, applied, receipts, openWork } = kept;
  const isWhole = [completed, events, applied, receipts].every((count) => count === answered);
  return {
    target,
    measured: `${answered} answered; ${completed} completed, ${events} changes, ${applied} callbacks, ${receipts} receipts kept`,
    holds: isWhole && openWork === 0,
  };
}
