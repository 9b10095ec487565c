import { tellingLogger } from '../support/log-record.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { bootstrapClient } from '../../src/access/fixed-clients.ts';
import type { Database } from '../../src/database/database.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import type * as WatchersModule from '../../src/feed/watchers.ts';
import type { Watchers } from '../../src/feed/watchers.ts';
import { storeChange } from '../support/changes.ts';
import { storePayment } from '../support/payments.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { TestApp } from '../support/test-app.ts';
import { postgresAt, postgresql, type TestSettings } from '../support/test-database.ts';
import { watchings } from '../support/watching.ts';

/** To wake watchers while there is nothing to read. */
const made = vi.hoisted((): { watchers: Watchers[] } => ({ watchers: [] }));
vi.mock('../../src/feed/watchers.ts', async (original) => {
  const { createWatchers } = await original<typeof WatchersModule>();
  return {
    createWatchers: () => {
      const watchers = createWatchers();
      made.watchers.push(watchers);
      return watchers;
    },
  };
});
const watchers = (): Watchers => made.watchers[0] ?? expect.fail('There is an app');

describe.skipIf(!postgresql.available)('while PostgreSQL is away', () => {
  let own: TestSettings;
  let proxy: TcpProxy;
  /** Not by way of the proxy. */
  let direct: Database;
  let test: TestApp;
  let logged: string[];

  beforeAll(async () => {
    own = await postgresql.settings();
    if (own.settings.kind !== 'postgresql') throw new Error('It is PostgreSQL');
    proxy = await startTcpProxy(own.settings.url);
    direct = await openDatabase(own.settings);
    const { url } = proxy;
    logged = [];
    test = await TestApp.start({
      databases: { ...postgresql, open: () => openDatabase(postgresAt(url)) },
      config: { hints: { kind: 'memory' } },
      overrides: {
        logger: tellingLogger((line) => logged.push((JSON.parse(line) as { msg: string }).msg)),
      },
    });
  });
  beforeEach(() => void (logged.length = 0));
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await test[Symbol.asyncDispose]();
    await direct[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const failures = ['refuses connections', 'answers nothing', 'answers nothing and loses its connections'];

  it.each(failures)(
    'because it %s, watchers wait, and are told everything afterwards',
    async (failure) => {
      const stored = await storePayment(direct.prisma, { status: 'REQUESTED', clientId: bootstrapClient.id });
      const id = Buffer.from(`Transaction:${stored.id}`).toString('base64');
      const early = watchings.flatMap(({ watch }) => Array.from({ length: 5 }, () => watch(test, id, 0)));
      for (const watching of early) expect((await watching.next()).value).toBe(1);

      if (failure === 'refuses connections') proxy.refuse();
      else proxy.freeze();
      await storeChange(direct.prisma, stored.id, 'AWAITING_PAYER');
      watchers().wake([stored.id]);
      // These come back, or come, while there is nobody to ask.
      const late = watchings.flatMap(({ watch }) => Array.from({ length: 5 }, () => watch(test, id, 0)));
      const told = [...early, ...late].map((watching) => Array.fromAsync(watching));
      const isSaid = 'watchers cannot be brought up to date; trying again';
      await vi.waitFor(() => expect(logged).toContain(isSaid), 30_000);
      watchers().wake([stored.id]);
      await storeChange(direct.prisma, stored.id, 'COMPLETED');
      if (failure === 'answers nothing and loses its connections') proxy.cut();
      proxy.heal();

      const all = await Promise.all(told);
      expect(all.slice(0, early.length)).toEqual(early.map(() => [2, 3]));
      expect(all.slice(early.length)).toEqual(late.map(() => [1, 2, 3]));
      expect(logged.filter((message) => message === isSaid)).toHaveLength(1);
      await vi.waitFor(() => expect(logged).toContain('watchers are brought up to date again'), 20_000);
    },
    90_000,
  );
});
