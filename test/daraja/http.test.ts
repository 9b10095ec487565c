import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../src/daraja/wire/http-client.ts';
import { payload } from './support/payload.ts';
import {
  answerWith,
  createTestDaraja,
  pushRequest,
  startScriptedServer,
  token,
  type ScriptedServer,
} from './support/scripted-daraja.ts';

const accepted = payload('stk-response-01');

let server: ScriptedServer;
beforeEach(async () => void (server = await startScriptedServer()));
afterEach(() => server[Symbol.asyncDispose]());

async function pushTo(url: string, timeouts: { connectMs?: number; totalMs?: number } = {}) {
  await using daraja = createTestDaraja(url, { settings: { timeouts } });
  return await daraja.stkPush(token, pushRequest);
}

type RawServer = AsyncDisposable & { url: string; requests(): number };

/** A server below HTTP, for the ways in which a connection can fail. */
async function startRawServer(
  onData: (socket: Socket, text: string) => void,
  scheme = 'http',
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let requests = 0;
  const raw: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (chunk.includes('POST ')) requests += 1;
      onData(socket, chunk.toString('latin1'));
    });
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  return {
    url: `${scheme}://127.0.0.1:${(raw.address() as AddressInfo).port}`,
    requests: () => requests,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => raw.close(resolve));
    },
  };
}

/** undici offers a socket for reuse one turn of the event loop after its answer was read. */
const socketIsIdle = async () => {
  await turn();
  await turn();
};

const httpAnswer = (body: string) =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('a push that provably did not leave', () => {
  it('is not sent when the connection is refused', async () => {
    await server[Symbol.asyncDispose]();
    expect(await pushTo(server.url)).toEqual({
      outcome: 'not-sent',
      message: 'The payment request was not sent: the connection was refused.',
      advice: expect.any(String),
    });
  });

  it('is not sent when the host name is unknown', async () => {
    expect(await pushTo('http://daraja.invalid')).toMatchObject({ outcome: 'not-sent' });
  });

  it('is not sent when the other side does not speak TLS', async () => {
    await using raw = await startRawServer(
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'https',
    );
    expect(await pushTo(raw.url)).toMatchObject({ outcome: 'not-sent' });
  });

  it('is not sent when the TLS handshake takes longer than a connection may', async () => {
    await using raw = await startRawServer(() => undefined, 'https');
    const answer = await pushTo(raw.url, { connectMs: 100, totalMs: 10_000 });
    expect(answer).toMatchObject({ outcome: 'not-sent', message: expect.stringMatching(/in time/) });
  });

  it('is not sent when the deadline passes before there is a connection, and nothing leaves later', async () => {
    await using raw = await startRawServer(() => undefined, 'https');
    const answer = await pushTo(raw.url, { connectMs: 1_000, totalMs: 50 });
    expect(answer).toMatchObject({ outcome: 'not-sent' });
    expect(raw.requests()).toBe(0);
  });

  it('is not sent after close', async () => {
    const daraja = createTestDaraja(server.url);
    await daraja.close();
    await daraja.close();
    expect(await daraja.stkPush(token, pushRequest)).toMatchObject({ outcome: 'not-sent' });
    expect(server.received).toEqual([]);
  });

  it('never leaves when a socket comes free only after the deadline', async () => {
    const held: (() => void)[] = [];
    server.answer((response) => held.push(() => response.end(accepted)));
    const http = createHttpClient(server.url, { connectMs: 2_000, totalMs: 5_000 });
    const first = Array.from({ length: 256 }, () =>
      http.send({ method: 'POST', path: '/first', headers: {}, body: '{}' }),
    );
    await expect.poll(() => held.length).toBe(256);
    const late = await http.send({ method: 'POST', path: '/late', headers: {}, body: '{}', totalMs: 50 });
    expect(late).toMatchObject({ outcome: 'not-sent', timedOut: true });
    for (const release of held) release();
    expect((await Promise.all(first)).every(({ outcome }) => outcome === 'answered')).toBe(true);
    await http.close();
    expect(server.received.some(({ url }) => url === '/late')).toBe(false);
  });

  it('never leaves when the process was too busy for its own timer to notice the deadline', async () => {
    server.answer(answerWith(200, accepted));
    const http = createHttpClient(server.url, { connectMs: 2_000, totalMs: 2_000 });
    await http.send({ method: 'POST', path: '/first', headers: {}, body: '{}' });
    await socketIsIdle();
    // After a file is read, the event loop serves the idle socket before it looks at timers.
    await readFile(new URL(import.meta.url));
    const late = http.send({ method: 'POST', path: '/late', headers: {}, body: '{}', totalMs: 40 });
    const until = performance.now() + 60;
    while (performance.now() < until);
    expect(await late).toMatchObject({ outcome: 'not-sent', timedOut: true });
    await http.close();
    expect(server.received.map(({ url }) => url)).toEqual(['/first']);
  });
});

describe('a push that may have been read', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['the connection is dropped', (socket) => void socket.destroy()],
    ['the connection is reset', (socket) => void socket.resetAndDestroy()],
    ['the connection is closed politely', (socket) => void socket.end()],
    ['the answer is no HTTP', (socket) => void socket.end('what?\r\n\r\n')],
    ['the answer stops in its headers', (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-')],
    [
      'the answer stops in its body',
      (socket) => void socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n${accepted}`),
    ],
  ])('is unknown when %s, and is sent once', async (_what, onData) => {
    await using raw = await startRawServer(onData);
    expect(await pushTo(raw.url)).toMatchObject({ outcome: 'unknown' });
    expect(raw.requests()).toBe(1);
  });

  it('is unknown when a kept-alive socket is reset under the second request, which is not sent again', async () => {
    const seen: Socket[] = [];
    await using raw = await startRawServer((socket) => {
      seen.push(socket);
      if (seen.length === 1) socket.write(httpAnswer(accepted));
      else socket.resetAndDestroy();
    });
    await using daraja = createTestDaraja(raw.url);
    expect(await daraja.stkPush(token, pushRequest)).toMatchObject({ outcome: 'accepted' });
    await socketIsIdle();
    expect(await daraja.stkPush(token, pushRequest)).toMatchObject({ outcome: 'unknown' });
    expect(new Set(seen).size).toBe(1);
    expect(raw.requests()).toBe(2);
  });

  it('is accepted over a new connection when the kept-alive one was closed in between', async () => {
    await using raw = await startRawServer((socket) => socket.end(httpAnswer(accepted)));
    await using daraja = createTestDaraja(raw.url);
    for (let push = 0; push < 3; push += 1) {
      expect(await daraja.stkPush(token, pushRequest)).toMatchObject({ outcome: 'accepted' });
    }
  });

  it('is unknown when no answer comes in time', async () => {
    server.answer(() => undefined);
    const answer = await pushTo(server.url, { totalMs: 100 });
    expect(answer).toMatchObject({ outcome: 'unknown', message: expect.stringMatching(/ran out/) });
    expect(server.received).toHaveLength(1);
  });

  it('is unknown when the body trickles past the deadline, although each part comes quickly', async () => {
    server.answer((response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    const startedAt = performance.now();
    expect(await pushTo(server.url, { totalMs: 200 })).toMatchObject({ outcome: 'unknown' });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('is unknown when the answer is larger than any that Daraja gives', async () => {
    server.answer(answerWith(200, accepted + ' '.repeat(65 * 1024)));
    expect(await pushTo(server.url)).toMatchObject({
      outcome: 'unknown',
      message: expect.stringMatching(/64 KB/),
    });
  });

  it('is unknown when it is redirected, and the redirect is not followed', async () => {
    server.answer(answerWith(307, '', { location: `${server.url}/elsewhere` }));
    expect(await pushTo(server.url)).toMatchObject({ outcome: 'unknown' });
    expect(server.received.map(({ url }) => url)).toEqual(['/mpesa/stkpush/v1/processrequest']);
  });
});

it('one connection serves pushes that follow one another', async () => {
  server.answer(answerWith(200, accepted));
  await using daraja = createTestDaraja(server.url);
  await daraja.stkPush(token, pushRequest);
  await socketIsIdle();
  await daraja.stkPush(token, pushRequest);
  expect(server.connections()).toBe(1);
});

it('closing waits for the push under way', async () => {
  server.answer((response) => setTimeout(() => response.end(accepted), 100));
  const daraja = createTestDaraja(server.url);
  const pushed = daraja.stkPush(token, pushRequest);
  await daraja.close();
  expect(await pushed).toMatchObject({ outcome: 'accepted' });
});
