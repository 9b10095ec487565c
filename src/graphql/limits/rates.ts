import type { Viewer } from '../../access/viewer.ts';
import type { Clock } from '../../lib/clock.ts';
import { createTokenBuckets } from '../../lib/token-buckets.ts';

/** How often a client may ask, in this process. Each answers with 0, or in how many seconds to ask again. */
export type Rates = {
  /** For every operation, before it is even parsed: what is wrong with it costs time as well. */
  takeOperation(viewer: Viewer): number;
  /**
   * For every field of `Query`, `Mutation` and `Subscription` that is executed, so that a hundred aliases in one request
   * are as many attempts as a hundred requests. How often a payer may be prompted is the prompt guard's to say, which
   * knows a repeat from a new request.
   */
  takeField(viewer: Viewer): number;
};

const rate = { perSecond: 50, burst: 100 };

/** A bucket is some 100 bytes. */
const keysMax = 50_000;

export function createRates(clock: Clock): Rates {
  const operations = createTokenBuckets(clock, rate, keysMax);
  const fields = createTokenBuckets(clock, rate, keysMax);
  const keyOf = (viewer: Viewer): string =>
    viewer.kind === 'client' ? viewer.clientId : viewer.transactionId;
  return {
    takeOperation: (viewer) => operations.take(keyOf(viewer)),
    takeField: (viewer) => fields.take(keyOf(viewer)),
  };
}

/** Where nothing is limited. */
export const unlimited: Rates = { takeOperation: () => 0, takeField: () => 0 };
