import { sleep } from '../../../lib/sleep.ts';
import type { Service } from '../servers/service.ts';

/** When Redis was away, on the clock of `performance.now()`. */
export type Outage = { from: number; to: number };

const beforeMs = 10_000;
const awayMs = 20_000;

/** Takes Redis away under load, for 20 s, and starts it again. */
export async function redisOutage(
  redis: Service,
  over: AbortSignal,
  say: (text: string) => void,
): Promise<Outage> {
  await sleep(beforeMs, over);
  say('Redis is stopped');
  const from = performance.now();
  await redis.restart('SIGKILL', awayMs, over);
  await redis.ready();
  say('Redis is back');
  return { from, to: performance.now() };
}
