import { createRecentCache, type RecentCache } from './recent-cache.ts';

/**
 * Lets only that into the cache which is set again while it is remembered. Whoever sets ever new things, each of them once,
 * takes nobody's place, and nothing of it stays in memory.
 */
export function keepRepeated<Value>(
  cache: RecentCache<Value>,
  remembered: { sizeMax: number; keyLengthsMax: number },
): RecentCache<Value> {
  const once = createRecentCache<true>(remembered.sizeMax, remembered.keyLengthsMax);
  return {
    ...cache,
    set(key, value) {
      if (once.get(key) === true) cache.set(key, value);
      else once.set(key, true);
    },
  };
}
