import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LoadJob, LoadResult } from '../../bench/support/load/job.ts';
import { readRequests } from '../../bench/support/load/read-requests.ts';
import { prepareLoad } from '../../bench/support/load/run-load.ts';
import { writeRequests } from '../../bench/support/load/write-requests.ts';

const posts = (count: number) =>
  Array.from({ length: count }, (_, number) => ({ path: `/${number}`, body: `payment ${number} – paid` }));

/** What came of so many posts to a server that answers in this way. */
async function load(answer: RequestListener, count: number, job: Partial<LoadJob> = {}): Promise<LoadResult> {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'malipo-test-'));
  parts.defer(() => rm(folder, { recursive: true }));
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  parts.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  const file = join(folder, 'requests');
  writeRequests(file, posts(count));
  const whole = { port, file, connections: 3, seconds: 30, isOnce: true, mustContain: 'ok', perSecond: null };
  const prepared = await prepareLoad({ ...whole, ...job });
  return await prepared.go();
}

test('each request arrives once, whole, and is counted when it is answered', async () => {
  const arrived = new Map<string, string>();
  const result = await load((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      arrived.set(request.url ?? '', Buffer.concat(pieces).toString());
      response.setHeader('content-length', 2).end('ok');
    });
  }, 200);
  expect(result).toMatchObject({ sent: 200, ok: 200, faults: [], faultCount: 0 });
  expect([...arrived]).toHaveLength(200);
  for (const { path, body } of posts(200)) expect(arrived.get(path)).toBe(body);
});

test('an answer that comes in pieces, or in chunks without a length, is one answer', async () => {
  const result = await load((request, response) => {
    request.resume();
    response.write('o');
    setImmediate(() => response.end('k'));
  }, 20);
  // Its pieces stand between the lengths of chunks, so that "ok" is not in it.
  expect(result).toMatchObject({ sent: 20, ok: 20 });
});

test('another status and another body are faults', async () => {
  const refused = await load((request, response) => {
    request.resume();
    response.statusCode = 503;
    response.setHeader('content-length', 2).end('ok');
  }, 5);
  expect(refused).toMatchObject({ sent: 5, ok: 0, faultCount: 5 });
  const wrong = await load((request, response) => {
    request.resume();
    response.setHeader('content-length', 4).end('oops');
  }, 1);
  expect(wrong).toMatchObject({ ok: 1, faultCount: 1 });
});

test('with a rate, everything that was to be sent is sent', async () => {
  const answer: RequestListener = (request, response) => {
    request.resume();
    response.setHeader('content-length', 2).end('ok');
  };
  const result = await load(answer, 50, { perSecond: 500, seconds: 0.1 });
  expect(result.sent).toBe(result.ok);
  expect(result.ok).toBeGreaterThan(0);
});

test('requests are read as they were written, in any number', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'malipo-test-'));
  try {
    const file = join(folder, 'requests');
    writeRequests(file, posts(20_000));
    const requests = readRequests(file);
    expect(requests.count).toBe(20_000);
    expect(Buffer.from(requests.at(19_999)).toString()).toMatch(
      /^POST \/19999 HTTP\/1\.1\r\n[^]*payment 19999 – paid$/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
