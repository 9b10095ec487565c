import { setTimeout as sleep } from 'node:timers/promises';

/** Until this moment of `performance.now()`; at once where it has passed. */
export async function sleepUntil(at: number): Promise<void> {
  const ms = at - performance.now();
  if (ms > 0) await sleep(ms);
}
