import { createHash } from 'node:crypto';
import { isJwt, type Authenticate } from '../access/authenticate.ts';
import type { Viewer } from '../access/viewer.ts';
import type { Clock } from '../lib/clock.ts';
import { createRecentCache } from '../lib/recent-cache.ts';
import { createTokenBuckets } from '../lib/token-buckets.ts';

/** `key` is the same for the same credential, and says nothing about it. */
export type Entry =
  | { outcome: 'in'; viewer: Viewer; key: string }
  | { outcome: 'refused' }
  /** Too many from this address were refused lately: nothing was looked up. */
  | { outcome: 'slow-down'; retryAfterSeconds: number };

/** Lets those in whose credential is good. Whoever keeps trying others is made to wait. */
export type Door = { enter(credential: string | null, address: string): Promise<Entry> };

export type DoorDeps = { authenticate: Authenticate; clock: Clock; rateLimits: boolean };

/** Refusals for one address. */
const refusals = { perSecond: 5, burst: 10 };
const addressesMax = 50_000;
/** A credential that was refused is not looked up again for so long, in milliseconds: it does not become good. */
const refusedMs = 10_000;
const refusedMax = 10_000;
/** Those who share an address with whoever guesses, and came in lately, are let in as before. */
const knownMax = 10_000;

export function createDoor({ authenticate, clock, rateLimits }: DoorDeps): Door {
  const refused = createTokenBuckets(clock, refusals, addressesMax);
  const known = createRecentCache<true>(knownMax);
  const refusedAt = createRecentCache<number>(refusedMax);
  return {
    async enter(credential, address) {
      const key = credential === null ? null : keyOf(credential);
      const now = clock.now().getTime();
      // A client that does not know that its key has ended goes on and on: it uses up nothing that others need.
      if (key !== null && now < (refusedAt.get(key) ?? 0) + refusedMs) return { outcome: 'refused' };
      // A payer shares an address with thousands, and what shows a watch token to be good is not looked up.
      const isFree = credential !== null && (isJwt(credential) || (key !== null && known.get(key) === true));
      const wait = rateLimits && !isFree ? refused.wait(address) : 0;
      if (wait > 0) return { outcome: 'slow-down', retryAfterSeconds: wait };
      const viewer = credential === null ? null : await authenticate(credential);
      if (viewer === null || key === null) {
        if (key !== null) {
          known.forget(key);
          refusedAt.set(key, now);
        }
        if (rateLimits) refused.take(address);
        return { outcome: 'refused' };
      }
      known.set(key, true);
      return { outcome: 'in', viewer, key };
    },
  };
}

function keyOf(credential: string): string {
  return createHash('sha256').update(credential).digest('base64url');
}
