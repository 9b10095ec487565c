import { createGate } from '../lib/gate.ts';
import { sleep } from '../lib/sleep.ts';

/** Reads again until the database answers: whoever watches a payment sees an outage as a delay. */
export type Patiently = <T>(read: () => Promise<T>) => Promise<T>;

export type PatienceDeps = {
  /** Says within seconds whether the database could be written to now. */
  databaseAnswers: () => Promise<boolean>;
  /** Ends all waiting. */
  stopping: AbortSignal;
  /** Between attempts, in milliseconds, give or take a half: those who wait must not come back as one. */
  pauseMs?: number;
};

/** How long an outage may last before a watcher hears of it, in milliseconds. */
const patienceMs = 5 * 60_000;
const pauseMsUsual = 1_000;
/** A read that fails so often although the database answers fails for another reason than an outage. */
const refusalsMax = 3;

/** `atOnceMax` leaves the database's other connections to payments, however many watchers come back at once. */
export function createPatience(
  { databaseAnswers, stopping, pauseMs = pauseMsUsual }: PatienceDeps,
  atOnceMax: number,
): Patiently {
  const gate = createGate(atOnceMax);
  return async (read) => {
    const giveUpAt = performance.now() + patienceMs;
    for (let refusals = 0; ;) {
      try {
        return await gate(read);
      } catch (error) {
        if (await databaseAnswers()) refusals += 1;
        if (refusals >= refusalsMax || stopping.aborted || performance.now() > giveUpAt) throw error;
        await sleep(pauseMs * (0.5 + Math.random()), stopping);
      }
    }
  };
}
