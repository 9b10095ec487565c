import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { makeWatchToken } from '../../src/access/watch-token.ts';
import { deriveKey } from '../../src/config/kept-secret.ts';
import { Masked } from '../../src/lib/masked.ts';
import { issueKey } from '../support/keys.ts';
import { decideAtHandset } from '../support/simulator.ts';
import { reservedPayer, rowId, TestApp, testKey } from '../support/test-app.ts';
import { openRawSocket, openSocket, type Socket } from './support/transports.ts';

/** Case 29: what a client on a socket may do to it, to others and to the server. */

const secret = 'a-secret-of-at-least-thirty-two-characters';
const shop = 'https://shop.example.com';
let test: TestApp;
/** A socket of somebody else, who watches. */
let other: Socket;
let watched: string;

const watch = 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { sequence status } }';

beforeAll(async () => {
  test = await TestApp.start({ env: { MALIPO_SECRET: secret, CORS_ORIGINS: shop, RATE_LIMITS: 'on' } });
  watched = await test.pay({ phoneNumber: reservedPayer(28) });
  other = await openSocket(test);
  other.send({ id: 'watch', type: 'subscribe', payload: { query: watch, variables: { id: watched } } });
  await other.next(({ id }) => id === 'watch');
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

const init = { type: 'connection_init', payload: { authorization: `Bearer ${testKey}` } };
const operation = (id: string, query = '{ server { version } }') => ({
  id,
  type: 'subscribe',
  payload: { query },
});

/** How an attempt to open a socket is answered. */
async function attempt(headers: Record<string, string>, protocol = 'graphql-transport-ws'): Promise<number> {
  const socket = new WebSocket(`${test.url.replace('http', 'ws')}/graphql`, protocol, { headers });
  return new Promise((resolve) => {
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.once('error', () => undefined);
    socket.once('open', () => {
      resolve(101);
      socket.close();
    });
  });
}

describe('29: a socket is closed, with the code of its protocol, for', () => {
  const text = (raw: string) => (socket: Socket) => socket.raw.send(raw);
  it.each<[string, number, (socket: Socket) => void]>([
    ['an operation before it is let in', 4401, ({ send }) => send(operation('a'))],
    ['asking twice to be let in', 4429, ({ send }) => [init, init].forEach(send)],
    ['what is no JSON', 4400, text('{')],
    ['JSON that is no object', 4400, text('[]')],
    ['null', 4400, text('null')],
    ['a message of a type that there is not', 4400, text('{"type":"start","id":"a"}')],
    ['an operation without an id', 4400, text('{"type":"subscribe","payload":{"query":"{ __typename }"}}')],
    ['a batch', 4400, text('{"id":"a","type":"subscribe","payload":[{"query":"{ __typename }"}]}')],
    ['a document that is no text', 4400, text('{"id":"a","type":"subscribe","payload":{"query":7}}')],
    ['no credential', 4403, text('{"type":"connection_init"}')],
    [
      'an unknown key',
      4403,
      text('{"type":"connection_init","payload":{"authorization":"Bearer mlp_test_x"}}'),
    ],
    ['a frame of 1 MB', 1009, text('x'.repeat(1024 * 1024))],
    ['a binary frame that is no JSON', 4400, ({ raw }) => raw.send(Buffer.from([0, 1, 2]))],
    ['saying nothing at all', 4408, () => undefined],
  ])('%s: %i', async (_, code, attack) => {
    await using socket = await openRawSocket(test);
    attack(socket);
    expect((await socket.closed).code).toBe(code);
  });

  it('two operations of one id: 4409', async () => {
    await using socket = await openSocket(test);
    for (let round = 0; round < 2; round += 1)
      socket.send({ id: 'same', type: 'subscribe', payload: { query: watch, variables: { id: watched } } });
    expect((await socket.closed).code).toBe(4409);
  });

  it('another protocol: 4406', async () => {
    // By hand: a client library breaks off by itself.
    const { hostname, port } = new URL(test.url);
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(
      [
        'GET /graphql HTTP/1.1',
        'Host: localhost',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        'Sec-WebSocket-Protocol: graphql-ws',
        '',
        '',
      ].join('\r\n'),
    );
    const closeFrame = Buffer.from([0x88, 2 + 'Subprotocol not acceptable'.length, 0x11, 0x36]);
    await vi.waitFor(() => expect(Buffer.concat(chunks).includes(closeFrame)).toBe(true));
    socket.destroy();
  });

  it('ids that are names of JavaScript do nothing', async () => {
    await using socket = await openSocket(test);
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect((await socket.ask({ query: '{ server { environment } }' }, id)).data).toEqual({
        server: { environment: 'SIMULATOR' },
      });
    }
  });
});

describe('29: the page that opens a socket', () => {
  it.each([
    ['of another site is refused', 'https://evil.example', 403],
    ['of a site that only begins like one that is listed is refused', `${shop}.evil.example`, 403],
    ['of another port of a listed site is refused', `${shop}:8443`, 403],
    ['without an origin of its own is refused', 'null', 403],
    ['of a listed site is let in', shop, 101],
  ])('%s', async (_, origin, status) => {
    expect(await attempt({ origin })).toBe(status);
  });

  it('of this very server is let in', async () => {
    expect(await attempt({ origin: test.url })).toBe(101);
  });
});

it('29: one socket carries 50 operations, and the next is an error of its own', async () => {
  await using socket = await openSocket(test);
  for (let index = 0; index < 101; index += 1)
    socket.send({ id: `${index}`, type: 'subscribe', payload: { query: watch, variables: { id: watched } } });
  await vi.waitFor(() => expect(socket.messages.length).toBe(102), 20_000);
  const answered = (type: string) => socket.messages.filter((message) => message.type === type);
  expect(answered('next')).toHaveLength(50);
  expect(answered('error')).toHaveLength(51);
  expect(answered('error')[0]?.payload).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
  // Whoever leaves makes room.
  socket.send({ id: '0', type: 'complete' });
  expect((await socket.ask({ query: '{ server { environment } }' })).errors).toEqual([]);
});

it('29: a flood of messages ends its own socket alone', async () => {
  await using socket = await openSocket(test);
  for (let index = 0; index < 10_000; index += 1) socket.send({ type: 'pong' });
  expect(await socket.closed).toEqual({ code: 4429, reason: 'Too many messages' });
});

it('29: a token that expires in the middle of a stream opens nothing any more', async () => {
  const key = deriveKey(new Masked(secret), 'watch-token');
  const lifeMs = 24 * 60 * 60 * 1000;
  const { watchToken } = await makeWatchToken(key, rowId(watched), new Date(Date.now() - lifeMs + 3_000));
  await using socket = await openSocket(test, watchToken);
  socket.send({ id: 'a', type: 'subscribe', payload: { query: watch, variables: { id: watched } } });
  await socket.next(({ id }) => id === 'a');
  await vi.waitFor(
    async () => {
      socket.send(operation(`${performance.now()}`));
      expect(socket.raw.readyState).not.toBe(WebSocket.OPEN);
    },
    { timeout: 10_000, interval: 200 },
  );
  expect((await socket.closed).code).toBe(4403);
});

describe('29: shares of connections', () => {
  it('of one address: 20 that have not said who they are', async () => {
    const strangers = await Promise.all(Array.from({ length: 20 }, () => openRawSocket(test)));
    expect(await attempt({})).toBe(503);
    // One of them says it, and makes room.
    strangers[0]?.send(init);
    await strangers[0]?.next(({ type }) => type === 'connection_ack');
    expect(await attempt({})).toBe(101);
    for (const stranger of strangers) await stranger[Symbol.asyncDispose]();
  });

  it('of one key: 100, sockets and event streams together', async () => {
    const { key } = await issueKey(test.prisma, ['payments:read', 'payments:manage']);
    const sockets: Socket[] = [];
    for (let index = 0; index < 99; index += 1) sockets.push(await openSocket(test, key));
    const cut = new AbortController();
    const stream = () =>
      fetch(`${test.url}/graphql`, {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          'content-type': 'application/json',
          authorization: `Bearer ${key}`,
        },
        body: JSON.stringify({ query: watch, variables: { id: watched } }),
        signal: cut.signal,
      });
    expect((await stream()).status).toBe(200);
    const refused = await stream();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    await using socket = await openRawSocket(test);
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } });
    expect(await socket.closed).toEqual({ code: 1013, reason: 'Too many connections' });
    // Another key is not concerned.
    await using _another = await openSocket(test);
    cut.abort();
    await vi.waitFor(async () => {
      const answer = await fetch(`${test.url}/graphql?query={__typename}`, {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${key}` },
      });
      expect(answer.status).toBe(200);
      await answer.text();
    });
    for (const each of sockets) await each[Symbol.asyncDispose]();
  });
});

it('29: a storm of connections, and connections that are half closed, leave nothing behind', async () => {
  const { hostname, port } = new URL(test.url);
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(
      Array.from({ length: 15 }, async (_, index) => {
        const socket = await openRawSocket(test);
        socket.send(init);
        if (index % 2 === 0) socket.raw.terminate();
        else await socket[Symbol.asyncDispose]();
        await socket.closed;
      }),
    );
    const half = connect(Number(port), hostname);
    await once(half, 'connect');
    half.end('GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
    half.resume();
    await once(half, 'close');
  }
  // The places of all of them are free again.
  await vi.waitFor(async () => {
    const strangers = await Promise.all(Array.from({ length: 20 }, () => openRawSocket(test)));
    for (const stranger of strangers) await stranger[Symbol.asyncDispose]();
    expect(strangers).toHaveLength(20);
  });
});

it('29: whoever watched all the while is told', async () => {
  await decideAtHandset(test, watched);
  await other.next(({ id, payload }) => id === 'watch' && JSON.stringify(payload).includes('COMPLETED'));
  expect(other.raw.readyState).toBe(WebSocket.OPEN);
});
