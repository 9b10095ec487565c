import type { Clock } from './clock.ts';

/** Between two lines of one kind, in milliseconds. */
const pauseMs = 10_000;

/**
 * Calls `write` at most once in ten seconds, however often it is asked to, with the number of calls that were left out
 * since: a flood of events must not become a flood of lines.
 */
export function createSparse<Args extends unknown[]>(
  clock: Clock,
  write: (unsaid: number, ...args: Args) => void,
): (...args: Args) => void {
  let quietUntil = 0;
  let unsaid = 0;
  return (...args) => {
    const now = clock.now().getTime();
    if (now < quietUntil) {
      unsaid += 1;
      return;
    }
    write(unsaid, ...args);
    quietUntil = now + pauseMs;
    unsaid = 0;
  };
}
