import { setTimeout as delay } from 'node:timers/promises';

/** Waits `ms` milliseconds, or returns early, without throwing, when `signal` aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
