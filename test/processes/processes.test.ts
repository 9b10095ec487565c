import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';
import { spawnServer, type ServerProcess } from '../support/server-process.ts';
import { scrape } from '../support/scrape.ts';
import { paymentInput, testKey } from '../support/test-app.ts';
import { postgresql } from '../support/test-database.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'malipo-processes-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

/** The children of a process that run Malipo. */
async function workersOf({ pid }: ServerProcess): Promise<number[]> {
  const children = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

async function isRunning(pid: number): Promise<boolean> {
  return (await readdir('/proc')).includes(String(pid));
}

describe.skipIf(!postgresql.available || !existsSync('/proc/self'))('npm start -- --processes 2', () => {
  async function start() {
    const parts = new AsyncDisposableStack();
    const own = parts.use(await postgresql.settings());
    const port = await freePort();
    const metricsPort = await freePort();
    const env = {
      DATA_DIR: dataDir,
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      SIMULATOR_PORT: '0',
      SIMULATOR_DELAY_MS: '50',
      BOOTSTRAP_API_KEY: testKey,
      DATABASE_URL: own.settings.kind === 'postgresql' ? own.settings.url : '',
    };
    const server = parts.use(spawnServer(env, ['--processes', '2']));
    await vi.waitFor(() => expect(server.output()).toContain('GraphQL'), 20_000);
    const ask = async (query: string, variables = {}): Promise<Record<string, never>> => {
      const response = await fetch(`http://127.0.0.1:${String(port)}/graphql`, {
        method: 'POST',
        // A connection of its own, so that the processes take turns.
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${testKey}`,
          connection: 'close',
        },
        body: JSON.stringify({ query, variables }),
      });
      return ((await response.json()) as { data: Record<string, never> }).data;
    };
    return { server, ask, port, metricsPort, [Symbol.asyncDispose]: () => parts.disposeAsync() };
  }

  const pay = `mutation ($input: InitiateStkPushInput!) {
    initiateStkPush(input: $input) { transaction { id } } }`;

  it('serves payments from two processes with one simulator, and stops with 0', async () => {
    await using place = await start();
    const { server, ask } = place;
    expect(await workersOf(server)).toHaveLength(2);
    const asked = await Promise.all(Array.from({ length: 8 }, () => ask(pay, { input: paymentInput() })));
    const ids = asked.map(
      (data) =>
        (data as { initiateStkPush?: { transaction: { id: string } } }).initiateStkPush?.transaction.id,
    );
    await vi.waitFor(async () => {
      const { nodes } = (await ask(
        'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Transaction { status } } }',
        { ids },
      )) as unknown as { nodes: { status: string }[] };
      expect(nodes.map(({ status }) => status)).toEqual(Array<string>(8).fill('COMPLETED'));
    }, 15_000);
    expect(await server.kill('SIGTERM'), server.output()).toBe(0);
  });

  it('shows the metrics of each process on a port of its own, and of none on the one they share', async () => {
    await using place = await start();
    const { server, ask, port, metricsPort } = place;
    expect(server.output()).toContain(`http://127.0.0.1:${String(metricsPort)}/metrics`);
    await Promise.all(Array.from({ length: 8 }, () => ask(pay, { input: paymentInput() })));
    const asked = async () => {
      const places = [0, 1].map((index) => scrape(`http://127.0.0.1:${String(metricsPort + index)}`));
      const requests = 'malipo_payment_requests_total';
      return (await Promise.all(places)).map((one) => one.value(requests, { outcome: 'requested' }) ?? 0);
    };
    const counts = await asked();
    expect(counts[0]).not.toBe(8);
    expect(counts.reduce((sum, count) => sum + count)).toBe(8);
    const headers = { authorization: `Bearer ${testKey}` };
    expect((await fetch(`http://127.0.0.1:${String(port)}/metrics`, { headers })).status).toBe(409);
  });

  it('replaces a process that is killed, and leaves none behind when it is killed itself', async () => {
    await using place = await start();
    const { server, ask } = place;
    const [first = 0, second = 0] = await workersOf(server);
    process.kill(first, 'SIGKILL');
    await vi.waitFor(async () => {
      const workers = await workersOf(server);
      expect(workers).toHaveLength(2);
      expect(workers).not.toContain(first);
    }, 15_000);
    expect(await ask('{ server { environment } }')).toEqual({ server: { environment: 'SIMULATOR' } });
    const replacement = (await workersOf(server)).find((pid) => pid !== second) ?? 0;
    await server.kill('SIGKILL');
    await vi.waitFor(async () => {
      expect(await Promise.all([second, replacement].map(isRunning))).toEqual([false, false]);
    }, 15_000);
  });
});

describe('--processes', () => {
  it.each([
    [['--processes', '2'], 'DATABASE_URL is missing: --processes needs PostgreSQL'],
    [['--processes', 'many'], '--processes must be a whole number from 1 to 20'],
    [['--processes', '0'], '--processes must be a whole number from 1 to 20'],
    [['--procs', '2'], "Unknown option '--procs'"],
  ])('%s is refused with a sentence', async (args, sentence) => {
    await using server = spawnServer({ DATA_DIR: dataDir, PORT: '0' }, args);
    expect(await server.exit).toBe(1);
    expect(server.output()).toContain(sentence);
    expect(server.output()).not.toMatch(/^\s+at /m);
  });
});
