import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { bootstrapClient } from '../../src/access/fixed-clients.ts';
import { storePayments } from '../support/payments.ts';
import { decideAtHandset } from '../support/simulator.ts';
import { reservedPayer, TestApp, testKey } from '../support/test-app.ts';

let test: TestApp;

beforeAll(async () => {
  test = await TestApp.start();
  const metadata = { text: 'x'.repeat(4_000) };
  await storePayments(
    test.prisma,
    Array.from({ length: 100 }, () => ({ metadata, clientId: bootstrapClient.id })),
  );
});
afterAll(() => test[Symbol.asyncDispose]());

/** Some 400 KB. */
const longAnswer = '{ transactions(first: 100) { nodes { metadata } } }';

type Client = {
  socket: WebSocket;
  /** Bytes. */
  received: () => number;
  /** Operations that were answered whole. */
  answered: () => number;
  closed: Promise<{ code: number; reason: string }>;
};

/** A socket that is let in. */
async function open(): Promise<Client> {
  const socket = new WebSocket(`${test.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  let received = 0;
  let answered = 0;
  socket.on('message', (message: Buffer) => {
    received += message.length;
    if (message.includes('"type":"complete"')) answered += 1;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await once(socket, 'open');
  send(socket, { type: 'connection_init', payload: { authorization: `Bearer ${testKey}` } });
  await once(socket, 'message');
  return { socket, received: () => received, answered: () => answered, closed };
}

function send(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message));
}

describe('a client on a socket that does not read', () => {
  it('the answers to its flood of queries is told to come back, and holds up nobody', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const watching = test.watch(id);
    await watching.next();
    const { socket, received, closed } = await open();
    socket.pause();
    for (let index = 0; index < 300; index += 1)
      send(socket, { id: String(index), type: 'subscribe', payload: { query: longAnswer } });

    await decideAtHandset(test, id);
    expect((await watching.next()).value).toMatchObject({ status: 'COMPLETED' });
    await watching.return(undefined);

    socket.resume();
    expect(await closed).toEqual({ code: 1013, reason: 'Read too slowly: resume with afterSequence' });
    // Of some 120 MB, what the kernel takes and a little more.
    expect(received()).toBeLessThan(20_000_000);
  });

  it('the answers to its flood of pings is told to come back', async () => {
    const { socket, received, closed } = await open();
    socket.pause();
    const payload = { text: 'x'.repeat(60_000) };
    for (let index = 0; index < 500; index += 1) send(socket, { type: 'ping', payload });
    await vi.waitFor(() => expect(socket.bufferedAmount).toBe(0), 10_000);
    socket.resume();
    expect((await closed).code).toBe(1013);
    expect(received()).toBeLessThan(20_000_000);
  });

  it('the answers to its flood of pings below GraphQL is cut off', async () => {
    const { socket, closed } = await open();
    socket.pause();
    for (let index = 0; index < 200_000; index += 1) socket.ping('x'.repeat(120));
    await vi.waitFor(() => expect(socket.bufferedAmount).toBe(0), 10_000).catch(() => undefined);
    socket.resume();
    expect((await closed).code).toBe(1006);
  });
});

it('a client that reads all it asked for is let alone', async () => {
  const { socket, received, answered } = await open();
  for (let index = 0; index < 50; index += 1) {
    send(socket, { id: String(index), type: 'subscribe', payload: { query: longAnswer } });
    await vi.waitFor(() => expect(answered()).toBe(index + 1), 5_000);
  }
  // Far more than may wait unread.
  expect(received()).toBeGreaterThan(50 * 350_000);
  socket.close();
});
