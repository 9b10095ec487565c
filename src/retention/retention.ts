import type { PrismaClient } from '../database/database.ts';
import { createLeasedValues } from '../database/leased-values.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { sleep } from '../lib/sleep.ts';
import { firstId, pruneBodies } from '../transactions/prune-bodies.ts';

export type RetentionDeps = {
  prisma: PrismaClient;
  clock: Clock;
  logger: Logger;
  /** How long raw callback bodies are kept. */
  bodyDays: number;
};

/** All in milliseconds. */
const dayMs = 86_400_000;
const roundEveryMs = 3_600_000;
/** Longer than one batch may take; a process that dies in the middle leaves the rest to the next round. */
const leaseMs = 60_000;
/** Between two batches: what prunes must not be felt by what settles. */
const breathMs = 100;

/**
 * Removes raw callback bodies that are older than is wanted, once an hour and by one process of the deployment at a
 * time. How far it has come is kept in the database, so that nothing is looked at twice.
 */
export function startRetention(deps: RetentionDeps): AsyncDisposable {
  const stopping = new AbortController();
  const running = repeat(deps, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function repeat(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await pruneOldBodies(deps, signal);
    } catch (error) {
      deps.logger.warn({ err: error }, 'old callback bodies could not be removed; trying again in an hour');
    }
    await sleep(roundEveryMs, signal);
  }
}

/** One round. Does nothing where another process is at it. */
export async function pruneOldBodies(deps: RetentionDeps, signal?: AbortSignal): Promise<void> {
  const { prisma, clock } = deps;
  const progress = createLeasedValues(prisma, 'retention');
  for (;;) {
    const kept = await progress.read();
    const lease = await progress.lease(kept?.version ?? 0, leaseMs);
    if (lease === null) return;
    const now = clock.now().getTime();
    const last = await pruneBodies(prisma, kept?.value ?? firstId, new Date(now - deps.bodyDays * dayMs));
    if (last === null || signal?.aborted) return progress.release(lease.holder);
    // It is progress and no secret that ends: the time is only there because a leased value has one.
    const expiresAt = clock.now();
    await progress.store(lease.holder, kept?.version ?? 0, { value: last, expiresAt });
    await sleep(breathMs, signal);
  }
}
