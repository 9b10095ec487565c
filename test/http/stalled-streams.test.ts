import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bootstrapClient } from '../../src/access/fixed-clients.ts';
import type * as WatchersModule from '../../src/feed/watchers.ts';
import type { Watchers } from '../../src/feed/watchers.ts';
import { storePayment } from '../support/payments.ts';
import { TestApp, testKey } from '../support/test-app.ts';

/** Who watches, as the server itself knows it. */
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
const watched = (): string[] => made.watchers.flatMap((watchers) => watchers.known().ids);

let test: TestApp;
beforeAll(async () => {
  test = await TestApp.start();
});
afterAll(() => test[Symbol.asyncDispose]());

const changes = 360;
/** Each change is told in some 60 KB: more than the kernel keeps, all together. */
const document = `subscription ($id: ID!) { paymentStatus(transactionId: $id, afterSequence: 0) {
  ${Array.from({ length: 15 }, (_, index) => `m${String(index)}: transaction { metadata }`).join(' ')} } }`;

it('an event stream that nobody reads is cut after a while, and does not end as if all were told', async () => {
  const metadata = { text: 'x'.repeat(4_000) };
  const { id } = await storePayment(test.prisma, { metadata, clientId: bootstrapClient.id });
  await test.prisma.transactionEvent.createMany({
    data: Array.from({ length: changes }, (_, index) => ({
      transactionId: id,
      sequence: index + 2,
      status: 'AWAITING_PAYER' as const,
      source: 'QUERY' as const,
      occurredAt: new Date(),
      message: 'Stored by a test.',
    })),
  });
  const { hostname, port } = new URL(test.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.pause();
  const body = JSON.stringify({
    query: document,
    variables: { id: Buffer.from(`Transaction:${id}`).toString('base64') },
  });
  socket.write(
    [
      'POST /graphql HTTP/1.1',
      'Host: localhost',
      'Accept: text/event-stream',
      `Authorization: Bearer ${testKey}`,
      'Content-Type: application/json',
      `Content-Length: ${String(body.length)}`,
      '',
      body,
    ].join('\r\n'),
  );
  await vi.waitFor(() => expect(watched()).toEqual([id]));
  await vi.waitFor(() => expect(watched()).toEqual([]), { timeout: 70_000, interval: 200 });

  let received = 0;
  let tail = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    tail = `${tail}${String(chunk)}`.slice(-1_000);
  });
  const closed = once(socket, 'close');
  socket.resume();
  await closed;
  expect(received).toBeLessThan(changes * 60_000 * 0.8);
  expect(tail).not.toContain('event: complete');
}, 90_000);
