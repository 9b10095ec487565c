import type { Logger } from './logger.ts';
import { sleep } from './sleep.ts';

export type RoundsDeps = {
  logger: Logger;
  /** Before each round, in milliseconds. */
  pauseMs: number;
  /** What the log says of the first round that fails, and of the first that succeeds again: an outage lasts for many. */
  saying: { failing: string; recovered: string };
};

/** Does `work` again and again, whether or not it fails, until it is disposed of. */
export function startRounds(deps: RoundsDeps, work: () => Promise<void>): AsyncDisposable {
  const stopping = new AbortController();
  const running = run(deps, work, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function run(
  { logger, pauseMs, saying }: RoundsDeps,
  work: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let isFailing = false;
  await sleep(pauseMs, signal);
  while (!signal.aborted) {
    try {
      await work();
      if (isFailing) logger.info(saying.recovered);
      isFailing = false;
    } catch (error) {
      if (!isFailing) logger.warn({ err: error }, saying.failing);
      isFailing = true;
    }
    await sleep(pauseMs, signal);
  }
}
