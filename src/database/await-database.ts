import { codeOf } from '../lib/error-code.ts';
import type { Logger } from '../lib/logger.ts';
import { sleep } from '../lib/sleep.ts';
import type { Database } from './database.ts';

export type AwaitDeps = {
  database: Database;
  logger: Logger;
  signal: AbortSignal;
  /** What is to be done first; again, if the database goes away while it is done. */
  prepare(): Promise<void>;
};

/** The server answers and lets us do nothing: waiting would not help. */
export class UnusableDatabaseError extends Error {
  override readonly name = 'UnusableDatabaseError';

  constructor(reason: string) {
    super(`The database refuses Malipo: ${reason}. Check DATABASE_URL.`);
  }
}

const pauseMinMs = 250;
const pauseMaxMs = 5_000;
/** A server that answers may have cut us off a moment before; it does not do so this often in a row. */
const failuresMax = 3;

/**
 * Waits until the database answers, for as long as that takes, and prepares it. Says so once when it has to wait and
 * once when the wait is over. Throws what waiting does not mend, and when `signal` aborts.
 */
export async function awaitDatabase(deps: AwaitDeps): Promise<void> {
  for (let failures = 0; ;) {
    await reach(deps);
    try {
      await deps.prepare();
      return;
    } catch (error) {
      // Not every layer tells a lost connection from a mistake of ours; asking again does.
      if (await answers(deps.database)) failures += 1;
      if (failures === failuresMax) throw error;
      await sleep(pauseMinMs, deps.signal);
    }
  }
}

async function reach({ database, logger, signal }: AwaitDeps): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      await database.reach();
      if (attempt > 0) logger.info('the database answers; Malipo begins');
      return;
    } catch (error) {
      if (isRefusal(error)) throw new UnusableDatabaseError(messageOf(error));
      if (attempt === 0)
        logger.warn({ reason: messageOf(error) }, 'the database does not answer; waiting for it');
    }
    const pauseMs = Math.min(pauseMaxMs, pauseMinMs * 2 ** attempt);
    await sleep(pauseMs * (0.75 + Math.random() / 2), signal);
  }
}

async function answers(database: Database): Promise<boolean> {
  try {
    await database.reach();
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL's classes of errors: 28 wrong credentials, 3D no such database, 42 no rights. All else may pass. */
function isRefusal(error: unknown): boolean {
  return /^(28|3D|42)...$/.test(codeOf(error));
}

/** Several addresses that all refused are one error without a message. */
function messageOf(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return first instanceof Error ? first.message : String(first);
}
