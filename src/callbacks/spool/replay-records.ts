import { within } from '../../lib/within.ts';
import type { Judgement } from '../../transactions/decide/evidence.ts';
import type { Submission } from '../../transactions/settle/submission.ts';
import { submissionOfRecord, type SpoolRecord } from './record.ts';

export type ReplayRecordsDeps = {
  /** Settles in the database, all or none. */
  store(submissions: readonly Submission[]): Promise<readonly Judgement[]>;
  /** Settles the callbacks that waited for this id. */
  matchUnmatched(checkoutRequestId: string): Promise<void>;
  /** Says within seconds whether the database could be written to now. */
  databaseAnswers(): Promise<boolean>;
};

/** Nothing can be stored now; what was not is to be tried again. */
export class DatabaseAwayError extends Error {
  override readonly name = 'DatabaseAwayError';
}

/** A record that the database does not take although it answers. */
export type Failure = { record: SpoolRecord; error: unknown };

/** Longer than any settlement may take, in milliseconds. */
const patienceMs = 10_000;
const batchMax = 200;

/**
 * Stores records in their order, in batches, and one by one where a batch fails: one that cannot be stored holds up none
 * of the others. Answers with those; `onStored` is told of the rest as they are stored. Throws a DatabaseAwayError, or
 * the signal's reason.
 */
export async function replayRecords(
  deps: ReplayRecordsDeps,
  records: readonly SpoolRecord[],
  onStored: (stored: readonly SpoolRecord[]) => void,
  signal: AbortSignal,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (let start = 0; start < records.length; start += batchMax) {
    const batch = records.slice(start, start + batchMax);
    const failed = await replayBatch(deps, batch, signal);
    const refused = new Set(failed.map(({ record }) => record));
    onStored(batch.filter((record) => !refused.has(record)));
    failures.push(...failed);
  }
  return failures;
}

async function replayBatch(
  deps: ReplayRecordsDeps,
  batch: readonly SpoolRecord[],
  signal: AbortSignal,
): Promise<Failure[]> {
  signal.throwIfAborted();
  try {
    await within(storeAll(deps, batch), patienceMs, signal);
    return [];
  } catch (error) {
    signal.throwIfAborted();
    if (!(await deps.databaseAnswers()))
      throw new DatabaseAwayError('The database is away', { cause: error });
    const [record, ...others] = batch;
    if (record !== undefined && others.length === 0) return [{ record, error }];
  }
  const failures: Failure[] = [];
  for (const record of batch) failures.push(...(await replayBatch(deps, [record], signal)));
  return failures;
}

async function storeAll(deps: ReplayRecordsDeps, batch: readonly SpoolRecord[]): Promise<void> {
  await deps.store(batch.map(submissionOfRecord));
  for (const record of batch) {
    if (record.kind === 'answer' && record.evidence.kind === 'prompt-accepted') {
      await deps.matchUnmatched(record.evidence.checkoutRequestId);
    }
  }
}
