import type { Outage } from './faults/redis-outage.ts';
import { percentile } from './percentile.ts';
import type { Facts } from './proof/facts.ts';
import type { Sources } from './proof/gather.ts';

type Delay = { at: number; ms: number };

/** From the first post of a callback to the moment in which a watcher saw the payment COMPLETED, in milliseconds. */
export function seenDelays(
  facts: Facts,
  sources: Sources,
  outage: Outage | null,
): Record<string, number | null> {
  const delays = delaysOf(facts, sources);
  const figures = (name: string, some: readonly Delay[]) => ({
    [`seenP50Ms${name}`]: percentile(
      some.map(({ ms }) => ms),
      0.5,
    ),
    [`seenP99Ms${name}`]: percentile(
      some.map(({ ms }) => ms),
      0.99,
    ),
  });
  if (outage === null) return figures('', delays);
  return {
    ...figures(
      'Before',
      delays.filter(({ at }) => at < outage.from),
    ),
    ...figures(
      'During',
      delays.filter(({ at }) => at >= outage.from && at < outage.to),
    ),
    ...figures(
      'After',
      delays.filter(({ at }) => at >= outage.to),
    ),
  };
}

function delaysOf({ posts, stored, sayings }: Facts, { watchers }: Sources): Delay[] {
  const postedAt = new Map<string, number>();
  for (const { transactionId, hash, at } of posts) {
    if (sayings.get(hash)?.kind !== 'paid') continue;
    postedAt.set(transactionId, Math.min(at, postedAt.get(transactionId) ?? at));
  }
  const ids = new Map(stored.map(({ globalId, id }) => [globalId, id]));
  return watchers.all.flatMap(({ globalId, firstSeenAt }) => {
    const at = postedAt.get(ids.get(globalId) ?? '');
    const seenAt = firstSeenAt.get('COMPLETED');
    return at === undefined || seenAt === undefined ? [] : [{ at, ms: Math.max(0, seenAt - at) }];
  });
}
