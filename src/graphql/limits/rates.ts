import type { Viewer } from '../../access/viewer.ts';
import type { Clock } from '../../lib/clock.ts';
import { createTokenBuckets, type TokenBuckets } from '../../lib/token-buckets.ts';

/**
 * How often a client may have fields of `Query`, `Mutation` and `Subscription` executed, in this process. Each is
 * counted, so that a hundred aliases in one request are as many attempts as a hundred requests.
 */
export type Rates = {
  /** 0, or in how many seconds to ask again. */
  take(viewer: Viewer, field: string): number;
};

const anyField = { perSecond: 50, burst: 100 };

/** Fields that are dearer than others: each prompt goes to a person's phone. */
const dearFields = { initiateStkPush: { perSecond: 10, burst: 20 } } as const;

/** A bucket is some 100 bytes. */
const keysMax = 50_000;

export function createRates(clock: Clock): Rates {
  const all = createTokenBuckets(clock, anyField, keysMax);
  const dear = new Map<string, TokenBuckets>(
    Object.entries(dearFields).map(([field, rate]) => [field, createTokenBuckets(clock, rate, keysMax)]),
  );
  return {
    take(viewer, field) {
      const key = viewer.kind === 'client' ? viewer.clientId : viewer.transactionId;
      // What one allowance refuses takes nothing from the other.
      const wait = Math.max(all.wait(key), dear.get(field)?.wait(key) ?? 0);
      if (wait > 0) return wait;
      dear.get(field)?.take(key);
      return all.take(key);
    },
  };
}

/** Where nothing is limited. */
export const unlimited: Rates = { take: () => 0 };
