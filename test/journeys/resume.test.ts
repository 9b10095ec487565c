import { createClient } from '@redis/client';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { bootstrapClient } from '../../src/access/fixed-clients.ts';
import type { HintsSettings } from '../../src/config/config.ts';
import type { Hints } from '../../src/feed/hints/hints.ts';
import { openHints } from '../../src/feed/hints/open-hints.ts';
import { Masked } from '../../src/lib/masked.ts';
import { sleep } from '../../src/lib/sleep.ts';
import { storeChange } from '../support/changes.ts';
import { startDeployment, type Deployment } from '../support/deployment.ts';
import { storePayment } from '../support/payments.ts';
import { createRandom, type Random } from '../../src/commands/crash-test/random.ts';
import { hasRedisServer, startRedis, type RedisServer } from '../support/redis-server.ts';
import { postgresql } from '../support/test-database.ts';
import { watchings, type Watching } from '../support/watching.ts';
import { testLogger } from '../support/log-record.ts';

type Kind = {
  name: string;
  hints: (databaseUrl: string, redis: RedisServer) => HintsSettings;
  /** Long where hints are to do it alone. */
  catchUpPauseMs: number;
  /** How many processes hear hints. */
  listening: (databaseUrl: string, redis: RedisServer) => Promise<number>;
};

const kinds: Kind[] = [
  {
    name: 'hints through PostgreSQL',
    hints: (url) => ({ kind: 'postgresql', url }),
    catchUpPauseMs: 3_600_000,
    async listening(connectionString) {
      const client = new Client({ connectionString });
      await client.connect();
      const { rowCount } = await client.query(
        `select from pg_stat_activity where datname = current_database() and application_name = 'malipo hints'
         and query in ('listen malipo_hints', 'select')`,
      );
      await client.end();
      return rowCount ?? 0;
    },
  },
  {
    name: 'hints through Redis',
    hints: (_, { url }) => ({ kind: 'redis', url: new Masked(url) }),
    catchUpPauseMs: 3_600_000,
    async listening(_, { url }) {
      const client = createClient({ url });
      await client.connect();
      const { 'malipo:hints': count } = await client.pubSubNumSub('malipo:hints');
      await client.close();
      return count ?? 0;
    },
  },
  {
    name: 'no hint ever',
    hints: () => ({ kind: 'redis', url: new Masked('redis://127.0.0.1:1') }),
    catchUpPauseMs: 100,
    listening: () => Promise.resolve(3),
  },
];

const changes = 15;
const watchersOfEach = 4;

describe.skipIf(!postgresql.available || !hasRedisServer).each(kinds)('with $name', (kind) => {
  let redis: RedisServer;
  let deployment: Deployment;
  let settler: Hints;

  beforeAll(async () => {
    redis = await startRedis();
    const hints = (url: string) => kind.hints(url, redis);
    const { catchUpPauseMs } = kind;
    deployment = await startDeployment({ hints, overrides: { catchUpPauseMs } });
    // A third process, which settles.
    const logger = testLogger;
    settler = await openHints(hints(deployment.databaseUrl), { watchers: { wake: () => undefined }, logger });
    await vi.waitFor(async () => expect(await kind.listening(deployment.databaseUrl, redis)).toBe(3), 10_000);
  });
  afterAll(async () => {
    await settler[Symbol.asyncDispose]();
    await deployment[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  /** Connects to a process of its choice again and again, until the stream ends by itself. */
  async function watchOnAndOff({ watch }: Watching, id: string, random: Random): Promise<number[]> {
    const told: number[] = [];
    for (;;) {
      const patience = 1 + random.below(3);
      const before = told.length;
      for await (const sequence of watch(random.pick(deployment.apps), id, told.at(-1) ?? 0)) {
        told.push(sequence);
        if (told.length - before === patience) break;
      }
      if (told.length - before < patience) return told;
    }
  }

  it.each([1, 2, 3])(
    'whoever is cut off and comes back anywhere is told every change once, in order (%i)',
    async (seed) => {
      const random = createRandom(seed);
      const { prisma } = deployment;
      const { id } = await storePayment(prisma, { status: 'REQUESTED', clientId: bootstrapClient.id });
      const globalId = Buffer.from(`Transaction:${id}`).toString('base64');
      const watched = watchings.flatMap((watching) =>
        Array.from({ length: watchersOfEach }, (_, index) =>
          watchOnAndOff(watching, globalId, createRandom(seed * 100 + index)),
        ),
      );
      for (let sequence = 2; sequence <= changes; sequence += 1) {
        await storeChange(prisma, id, sequence === changes ? 'COMPLETED' : 'AWAITING_PAYER');
        settler.publish([id]);
        await sleep(random.below(60));
      }
      const everything = Array.from({ length: changes }, (_, index) => index + 1);
      for (const told of await Promise.all(watched)) expect(told).toEqual(everything);
    },
  );
});
