import type { Clock } from './clock.ts';

export type Rate = {
  /** How many a second in the long run. */
  perSecond: number;
  /** How many at once after a rest. */
  burst: number;
};

/** What each of many may do in a while. */
export type TokenBuckets = {
  /** Takes one, or says in how many whole seconds there is one again; 0: taken. */
  take(key: string): number;
  /** The same without taking. */
  wait(key: string): number;
};

type Bucket = { tokens: number; at: number };

/** Remembers the `keysMax` keys that took last; a key that is forgotten begins anew, which is a burst at most. */
export function createTokenBuckets(clock: Clock, { perSecond, burst }: Rate, keysMax: number): TokenBuckets {
  // A Map gives its keys in the order in which they were set.
  const buckets = new Map<string, Bucket>();

  const tokensOf = (key: string, now: number): number => {
    const bucket = buckets.get(key);
    if (bucket === undefined) return burst;
    // A clock that is set back must take nothing away.
    const seconds = Math.max(0, now - bucket.at) / 1000;
    return Math.min(burst, bucket.tokens + seconds * perSecond);
  };
  const waitFor = (tokens: number): number => (tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perSecond));

  return {
    take(key) {
      const now = clock.now().getTime();
      const tokens = tokensOf(key, now);
      const wait = waitFor(tokens);
      if (wait > 0) return wait;
      buckets.delete(key);
      buckets.set(key, { tokens: tokens - 1, at: now });
      const oldest = buckets.keys().next();
      if (buckets.size > keysMax && !oldest.done) buckets.delete(oldest.value);
      return 0;
    },
    wait: (key) => waitFor(tokensOf(key, clock.now().getTime())),
  };
}
