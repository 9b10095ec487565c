import { randomUUID } from 'node:crypto';
import { createClient } from '@redis/client';
import { Client } from 'pg';
import { tellingLogger } from '../../support/log-record.ts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HintsSettings } from '../../../src/config/config.ts';
import { openHints } from '../../../src/feed/hints/open-hints.ts';
import type { Hints } from '../../../src/feed/hints/hints.ts';
import { Masked } from '../../../src/lib/masked.ts';
import { hasRedisServer, startRedis } from '../../support/redis-server.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { postgresql } from '../../support/test-database.ts';

/** A process's hints, whom they wake, and what they log. */
type Process = { hints: Hints; woken: string[]; logged: { level: number; msg: string }[] } & AsyncDisposable;

async function startProcess(settings: HintsSettings): Promise<Process> {
  const woken: string[] = [];
  const logged: Process['logged'] = [];
  const logger = tellingLogger((line) => logged.push(JSON.parse(line) as Process['logged'][0]));
  const hints = await openHints(settings, { watchers: { wake: (ids) => void woken.push(...ids) }, logger });
  return { hints, woken, logged, [Symbol.asyncDispose]: () => hints[Symbol.asyncDispose]() };
}

/** Once each hears the other. Ids that nobody asked about do no harm. */
async function untilLinked(one: Process, other: Process): Promise<void> {
  await vi.waitFor(
    () => {
      const [probe, back] = [randomUUID(), randomUUID()];
      one.hints.publish([probe]);
      other.hints.publish([back]);
      return vi.waitFor(() => {
        expect(other.woken).toContain(probe);
        expect(one.woken).toContain(back);
      }, 200);
    },
    { timeout: 25_000, interval: 50 },
  );
  one.woken.length = 0;
  other.woken.length = 0;
}

const newIds = (count: number): string[] => Array.from({ length: count }, () => randomUUID());

it('in one process alone wake its watchers at once', async () => {
  await using alone = await startProcess({ kind: 'memory' });
  const ids = newIds(3);
  alone.hints.publish(ids);
  expect(alone.woken).toEqual(ids);
});

type Kind = {
  name: string;
  available: boolean;
  /** The address of a server, and a way to write to the channel past everything. */
  open: () => Promise<AsyncDisposable & { url: string; write: (text: string) => Promise<void> }>;
  settings: (url: string) => HintsSettings;
};

const kinds: Kind[] = [
  {
    name: 'PostgreSQL',
    available: postgresql.available,
    async open() {
      const database = await postgresql.open();
      const url = database.url ?? '';
      return {
        url,
        async write(text) {
          const client = new Client({ connectionString: url });
          await client.connect();
          await client.query('select pg_notify($1, $2)', ['malipo_hints', text]);
          await client.end();
        },
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      };
    },
    settings: (url) => ({ kind: 'postgresql', url }),
  },
  {
    name: 'Redis',
    available: hasRedisServer,
    async open() {
      const redis = await startRedis();
      return {
        url: redis.url,
        async write(text) {
          const client = createClient({ url: redis.url });
          await client.connect();
          await client.publish('malipo:hints', text);
          await client.close();
        },
        [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
      };
    },
    settings: (url) => ({ kind: 'redis', url: new Masked(url) }),
  },
];

describe.each(kinds.filter(({ available }) => available))('through $name, hints', ({ open, settings }) => {
  let server: Awaited<ReturnType<Kind['open']>>;
  beforeAll(async () => {
    server = await open();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('wake the watchers of this process at once, and once', async () => {
    await using one = await startProcess(settings(server.url));
    await using other = await startProcess(settings(server.url));
    await untilLinked(one, other);
    const ids = newIds(2);
    one.hints.publish(ids);
    expect(one.woken).toEqual(ids);
    await vi.waitFor(() => expect(other.woken).toEqual(ids));
    // By the time an answer to a later one is here, an echo would be.
    const answer = newIds(1);
    other.hints.publish(answer);
    await vi.waitFor(() => expect(one.woken).toEqual([...ids, ...answer]));
  });

  it('by the thousand reach other processes, each once', async () => {
    await using one = await startProcess(settings(server.url));
    await using other = await startProcess(settings(server.url));
    await untilLinked(one, other);
    const ids = newIds(3_000);
    for (const id of ids) one.hints.publish([id]);
    await vi.waitFor(() => expect(other.woken).toHaveLength(3_000), 5_000);
    expect(other.woken.toSorted()).toEqual(ids.toSorted());
  });

  it('that are no ids of payments wake nobody', async () => {
    await using one = await startProcess(settings(server.url));
    await using other = await startProcess(settings(server.url));
    await untilLinked(one, other);
    const good = newIds(1);
    const bad = [
      '',
      ',',
      'x,y,z',
      `${randomUUID()},__proto__`,
      '{"ids":[1]}',
      'x'.repeat(7_000),
      ','.repeat(7_000),
    ];
    for (const text of bad) await server.write(text);
    await server.write(`${randomUUID()},nonsense,${String(good[0])}`);
    await vi.waitFor(() => expect(one.woken).toEqual(good));
  });

  it('come again after the connection broke, and the log says so once', async () => {
    await using proxy = await startTcpProxy(server.url);
    await using one = await startProcess(settings(proxy.url));
    await using other = await startProcess(settings(server.url));
    await untilLinked(one, other);
    expect(one.logged).toEqual([]);
    proxy.refuse();
    await vi.waitFor(() => expect(one.logged).toHaveLength(1));
    // Several attempts fail in this time.
    await vi.waitFor(() => expect(proxy.refused()).toBeGreaterThan(2), 10_000);
    one.hints.publish(newIds(50_000));
    expect(one.woken).toHaveLength(50_000);
    proxy.heal();
    await untilLinked(one, other);
    expect(one.logged.map(({ msg }) => msg)).toEqual([
      expect.stringContaining('do not reach'),
      'hints reach other processes again',
    ]);
  });

  it('come once the server is there that was away at the start', async () => {
    await using proxy = await startTcpProxy(server.url);
    proxy.refuse();
    await using one = await startProcess(settings(proxy.url));
    await using other = await startProcess(settings(server.url));
    const ids = newIds(1);
    one.hints.publish(ids);
    expect(one.woken).toEqual(ids);
    await vi.waitFor(() => expect(one.logged).toHaveLength(1));
    proxy.heal();
    await untilLinked(one, other);
  });

  it('come again after the other end fell silent without ending the connection', async () => {
    await using proxy = await startTcpProxy(server.url);
    await using one = await startProcess(settings(proxy.url));
    await using other = await startProcess(settings(server.url));
    await untilLinked(one, other);
    proxy.freeze();
    await vi.waitFor(() => expect(one.logged).toHaveLength(1), 20_000);
    proxy.heal();
    await untilLinked(one, other);
  }, 60_000);

  it.each(['open', 'frozen', 'refused'])(
    'stop at once when their connection is %s',
    async (state) => {
      await using proxy = await startTcpProxy(server.url);
      if (state === 'refused') proxy.refuse();
      if (state === 'frozen') proxy.freeze();
      const one = await startProcess(settings(proxy.url));
      if (state === 'open') await reach(one);
      if (state === 'frozen') await vi.waitFor(() => expect(proxy.connections()).toBe(1));
      one.hints.publish(newIds(10));
      await one[Symbol.asyncDispose]();
      proxy.heal();
      await vi.waitFor(() => expect(proxy.connections()).toBe(0));
    },
    6_000,
  );

  async function reach(one: Process): Promise<void> {
    await using other = await startProcess(settings(server.url));
    await untilLinked(one, other);
  }
});
