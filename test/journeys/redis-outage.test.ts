import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as WatchersModule from '../../src/feed/watchers.ts';
import { Masked } from '../../src/lib/masked.ts';
import { startDeployment, type Deployment } from '../support/deployment.ts';
import { hasRedisServer, startRedis, type RedisServer } from '../support/redis-server.ts';
import { decideAtHandset } from '../support/simulator.ts';
import { reservedPayer, rowId } from '../support/test-app.ts';
import { postgresql } from '../support/test-database.ts';

/** Whom hints woke in each process. Catching up calls `wakeBehind`. */
const made = vi.hoisted((): { hints: string[][] } => ({ hints: [] }));
vi.mock('../../src/feed/watchers.ts', async (original) => {
  const { createWatchers } = await original<typeof WatchersModule>();
  return {
    createWatchers: () => {
      const watchers = createWatchers();
      const hints: string[] = [];
      made.hints.push(hints);
      return {
        ...watchers,
        wake(ids: readonly string[]) {
          hints.push(...ids);
          watchers.wake(ids);
        },
      };
    },
  };
});

describe.skipIf(!postgresql.available || !hasRedisServer)('while Redis comes and goes', () => {
  let redis: RedisServer;
  let deployment: Deployment;
  beforeAll(async () => {
    redis = await startRedis();
    deployment = await startDeployment({
      hints: () => ({ kind: 'redis', url: new Masked(redis.url) }),
      // Callbacks alone change these payments.
      config: { ladderMs: [3_600_000] },
    });
  });
  afterAll(async () => {
    await deployment[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  const hintsOfOther = (): string[] => made.hints[1] ?? [];

  async function untilBothListen(): Promise<void> {
    await vi.waitFor(async () => {
      const client = createClient({ url: redis.url });
      await client.connect();
      const { 'malipo:hints': count } = await client.pubSubNumSub('malipo:hints');
      await client.close();
      expect(count).toBe(2);
    }, 25_000);
  }

  /** A payment of one process, watched on both from before it is decided. */
  async function payAndWatch(): Promise<string> {
    const [one] = deployment.apps;
    const id = await one.pay({ phoneNumber: reservedPayer(28) });
    const watching = deployment.apps.map((app) => app.watch(id, { after: 0 }));
    for (const watch of watching) {
      expect((await watch.next()).value).toMatchObject({ sequence: 1 });
      expect((await watch.next()).value).toMatchObject({ sequence: 2 });
    }
    await decideAtHandset(one, id);
    for (const watch of watching) {
      expect(await Array.fromAsync(watch)).toMatchObject([{ sequence: 3, status: 'COMPLETED' }]);
    }
    return rowId(id);
  }

  it('every watcher of both processes is told every change, and hints come again without a restart', async () => {
    await untilBothListen();
    expect(hintsOfOther()).toContain(await payAndWatch());

    const duringOutage = Promise.all(Array.from({ length: 12 }, payAndWatch));
    await redis.kill();
    await duringOutage;
    const away = await Promise.all(Array.from({ length: 12 }, payAndWatch));
    expect(hintsOfOther()).not.toContain(away.at(-1));

    const duringReturn = Promise.all(Array.from({ length: 12 }, payAndWatch));
    await redis.start();
    await duringReturn;
    await untilBothListen();
    expect(hintsOfOther()).toContain(await payAndWatch());
  }, 120_000);

  it('a Redis that freezes is no different', async () => {
    await untilBothListen();
    redis.pause();
    await Promise.all(Array.from({ length: 12 }, payAndWatch));
    redis.resume();
    await untilBothListen();
    expect(hintsOfOther()).toContain(await payAndWatch());
  }, 120_000);
});
