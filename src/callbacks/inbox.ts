import { createBatcher } from '../lib/batcher.ts';
import { TooLateError, within } from '../lib/within.ts';
import type { Judgement } from '../transactions/decide/evidence.ts';
import type { Submission } from '../transactions/settle/submission.ts';
import { submissionOf, type Arrival } from './arrival.ts';

export type InboxDeps = {
  /** Settles in the database, all or none; in the order given there is one judgement for each. */
  store(submissions: readonly Submission[]): Promise<readonly Judgement[]>;
  /** Says within seconds whether the database could be written to now. */
  databaseAnswers(): Promise<boolean>;
  /** Keeps the arrival on this machine until the database can have it; `reason` is why it did not take it. */
  spool(arrival: Arrival, reason: unknown): Promise<void>;
};

/** Where an arrival is durable now. */
export type Kept = { where: 'database'; judgement: Judgement } | { where: 'spool' };

export type Inbox = {
  /** Throws when neither the database nor the spool could keep it. */
  take(arrival: Arrival): Promise<Kept>;
  /** While it is, arrivals go straight to the spool. */
  isDatabaseAway(): boolean;
  databaseIsBack(): void;
};

/** A database that takes longer is as good as away, in milliseconds. */
const patienceMs = 2_000;
/** Callbacks that share a commit: many enough to share its cost, few enough to be answered soon. */
const batchMax = 200;
/** Batches under way at a time: while the database is busy with one, this process prepares the next. */
const batchesAtOnce = 2;
/** Arrivals that may wait for the database: more would have to wait for too long, and take memory meanwhile. */
const waitingMax = 5_000;
/** A batch that takes longer is likely to be given up, in milliseconds. */
const slowMs = 1_000;
/** Slow batches, given up or not: each holds a connection to a database that may say nothing. */
const slowMax = 3;

/**
 * Makes arrivals durable: in the database within two seconds, else in the spool. Batches that fail are tried one by
 * one, as long as the database answers at all; once it does not, nobody waits for it until it is said to be back.
 * What was given up may still be stored: its id makes that no harm.
 */
export function createInbox(deps: InboxDeps): Inbox {
  let isAway = false;
  /** When each batch began that the database has not answered. */
  const begun = new Set<{ at: number }>();
  let storedAt = 0;
  /** Those who wait for the database; each is told why it waits no longer. */
  const waiting = new Set<(reason: unknown) => void>();
  const batcher = createBatcher(storeBatch, {
    sizeMax: batchMax,
    atOnce: batchesAtOnce,
    // For those of a batch that took too long, nobody waits any longer.
    maySplit: (error) => !isAway && !(error instanceof TooLateError),
  });

  async function storeBatch(arrivals: readonly Arrival[]): Promise<readonly Judgement[]> {
    if (isAway || slow() >= slowMax) throw new Error('The database is away');
    try {
      const judgements = await within(begin(arrivals), patienceMs);
      storedAt = performance.now();
      return judgements;
    } catch (error) {
      if (!(await deps.databaseAnswers())) giveUp(error);
      throw error;
    }
  }

  function slow(): number {
    const now = performance.now();
    return [...begun].filter(({ at }) => now - at > slowMs).length;
  }

  function begin(arrivals: readonly Arrival[]): Promise<readonly Judgement[]> {
    const storing = deps.store(arrivals.map(submissionOf));
    const batch = { at: performance.now() };
    const isOver = () => begun.delete(batch);
    begun.add(batch);
    storing.then(isOver, isOver);
    return storing;
  }

  function giveUp(reason: unknown): void {
    isAway = true;
    for (const leave of waiting) leave(reason);
  }

  async function store(arrival: Arrival): Promise<Judgement> {
    const { promise, resolve, reject } = Promise.withResolvers<Judgement>();
    const arrivedAt = performance.now();
    const timer = setTimeout(() => {
      const reason = new TooLateError(`The database took longer than ${patienceMs} ms`);
      reject(reason);
      // Where others were stored meanwhile, it is this one that is held up.
      if (storedAt < arrivedAt) giveUp(reason);
    }, patienceMs);
    waiting.add(reject);
    batcher.add(arrival, () => waiting.has(reject)).then(resolve, reject);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(reject);
    }
  }

  return {
    async take(arrival) {
      let reason: unknown;
      try {
        if (waiting.size >= waitingMax) throw new Error('Too many callbacks wait for the database');
        if (!isAway) return { where: 'database', judgement: await store(arrival) };
      } catch (error) {
        reason = error;
      }
      await deps.spool(arrival, reason);
      return { where: 'spool' };
    },
    isDatabaseAway: () => isAway,
    databaseIsBack: () => (isAway = false),
  };
}
