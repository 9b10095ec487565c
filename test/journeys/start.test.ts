import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { canStartPostgres, startPostgres } from '../support/postgres-server.ts';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';
import { spawnServer } from '../support/server-process.ts';
import { testKey } from '../support/test-app.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'malipo-start-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

async function place(databaseUrl: string) {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const env = {
    DATA_DIR: dataDir,
    PORT: String(port),
    SIMULATOR_PORT: '0',
    BOOTSTRAP_API_KEY: testKey,
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'info',
  };
  return { url, env };
}

const ask = (url: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${testKey}` },
    body: JSON.stringify({ query: '{ server { environment } }' }),
  });

describe.skipIf(!canStartPostgres)('a start while the database is down', () => {
  it('says so, serves health, refuses what it cannot do, and begins by itself', async () => {
    await using postgres = await startPostgres();
    await postgres.stop();
    const { url, env } = await place(postgres.url);
    await using server = spawnServer(env);
    await vi.waitFor(() => expect(server.output()).toContain('the database does not answer'), 20_000);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);

    const refused = await ask(url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const [error] = await new Promise<[Error]>((resolve) => socket.once('error', (e) => resolve([e])));
    expect(error.message).toContain('503');

    await postgres.start();
    await vi.waitFor(async () => expect((await ask(url)).status).toBe(200), 20_000);
    expect(server.output()).toContain('Malipo begins');
    expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({ status: 'ready' });
    // It waited without filling the log.
    expect(server.output().match(/does not answer/g)).toHaveLength(1);
  });

  it('is ended by SIGTERM, with 0', async () => {
    const { url, env } = await place(`postgresql://postgres@127.0.0.1:${String(await freePort())}/nothing`);
    await using server = spawnServer(env);
    await vi.waitFor(async () => expect((await fetch(`${url}/health/live`)).status).toBe(200), 20_000);
    expect(await server.kill('SIGTERM'), server.output()).toBe(0);
  });
});

describe.skipIf(!canStartPostgres)('a start on a database that refuses', () => {
  it('ends at once, in one sentence, because waiting would not help', async () => {
    await using postgres = await startPostgres();
    const { env } = await place(postgres.url.replace(/\/postgres$/, '/nothing'));
    await using server = spawnServer({ ...env, LOG_LEVEL: 'error' });
    expect(await server.exit).toBe(1);
    expect(server.output().trim()).toBe(
      'The database refuses Malipo: database "nothing" does not exist. Check DATABASE_URL.',
    );
  });
});

describe.skipIf(!canStartPostgres)('an order to stop', () => {
  it('is carried out within 25 s although the database hangs', async () => {
    await using postgres = await startPostgres();
    const { url, env } = await place(postgres.url);
    await using server = spawnServer(env);
    await vi.waitFor(async () => expect((await ask(url)).status).toBe(200), 20_000);
    await postgres.pause();
    const hanging = ask(url).catch(() => null);
    const startedAt = performance.now();
    expect(await server.kill('SIGTERM'), server.output()).toBe(0);
    // Not a measure of speed: platforms kill after 30 s.
    expect(performance.now() - startedAt).toBeLessThan(25_500);
    await hanging;
    await postgres.resume();
  }, 60_000);
});
