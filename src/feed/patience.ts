import { createGate } from '../lib/gate.ts';
import { sleep } from '../lib/sleep.ts';

/**
 * Reads again until the database answers: whoever watches a payment sees an outage as a delay. For whom `isGone` says that
 * he has left, nothing is read.
 */
export type Patiently = <T>(read: () => Promise<T>, isGone?: () => boolean) => Promise<T>;

export type PatienceDeps = {
  /** Says within seconds whether the database could be written to now. */
  databaseAnswers: () => Promise<boolean>;
  /** Ends all waiting; what can be read is read. */
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
  return async (read, isGone = () => false) => {
    const giveUpAt = performance.now() + patienceMs;
    const isOver = (): boolean => performance.now() > giveUpAt || isGone();
    let failure = new Error('Nobody waits for it any longer');
    // The line before the gate may be long: looked at again when it is our turn.
    const readInTurn = async () => {
      if (isOver()) throw failure;
      return read();
    };
    for (let refusals = 0; ;) {
      try {
        return await gate(readInTurn);
      } catch (error) {
        if (error instanceof Error) failure = error;
        if (stopping.aborted || isOver() || ((await databaseAnswers()) && ++refusals >= refusalsMax))
          throw error;
        await sleep(pauseMs * (0.5 + Math.random()), stopping);
      }
    }
  };
}
