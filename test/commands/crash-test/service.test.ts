import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findProgram } from '../../../src/commands/crash-test/servers/find-program.ts';
import { freePort } from '../../../src/commands/crash-test/servers/free-port.ts';
import { Service } from '../../../src/commands/crash-test/servers/service.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'malipo-service-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A server that tells its pid, and ends when it is asked for `/end`. */
const program = `
  process.on('SIGTERM', () => process.exit(0));
  require('node:http')
    .createServer(({ url }, response) => {
      if (url === '/end') process.exit(1);
      response.end(String(process.pid));
    })
    .listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));`;

async function start() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const pid = async () => Number(await (await fetch(url, { signal: AbortSignal.timeout(1_000) })).text());
  const log = join(folder, `${port}.log`);
  const service = new Service({
    name: 'a server',
    command: { file: process.execPath, args: ['-e', program], env: { PORT: `${port}` }, log },
    isReady: async () => (await pid()) > 0,
  });
  service.start();
  await service.ready();
  return { service, url, pid, log, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

it('starts a process again that ended by itself, and counts that', async () => {
  await using server = await start();
  const before = await server.pid();
  await fetch(`${server.url}/end`).catch(() => undefined);
  await server.service.ready();
  expect(await server.pid()).not.toBe(before);
  expect(server.service.crashes).toBe(1);
});

it('starts a process again that it killed, and counts no crash', async () => {
  await using server = await start();
  const before = await server.pid();
  await server.service.restart('SIGKILL', 0);
  await server.service.ready();
  expect(await server.pid()).not.toBe(before);
  expect(server.service.crashes).toBe(0);
  expect(await readFile(server.log, 'utf8')).toBe('listening\nlistening\n');
});

it('leaves a process stopped that was told to stop', async () => {
  await using server = await start();
  await server.service.stop('SIGTERM');
  await expect(server.pid()).rejects.toThrow();
  expect(server.service.crashes).toBe(0);
});

it('holds a process in the middle of what it does, and lets it go on', async () => {
  await using server = await start();
  const before = await server.pid();
  const letGo = new AbortController();
  const paused = server.service.pause(60_000, letGo.signal);
  await expect
    .poll(
      () =>
        server.pid().then(
          () => 'answers',
          () => 'silent',
        ),
      { timeout: 5_000 },
    )
    .toBe('silent');
  letGo.abort();
  await paused;
  expect(await server.pid()).toBe(before);
});

it('says which program is missing', () => {
  expect(() => findProgram('no-such-database')).toThrow(/There is no no-such-database, on the PATH/);
});
