import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as WatchersModule from '../../src/feed/watchers.ts';
import type { Watchers } from '../../src/feed/watchers.ts';
import { decideAtHandset } from '../support/simulator.ts';
import { readEvents } from '../support/sse.ts';
import { reservedPayer, TestApp, testKey } from '../support/test-app.ts';

/** Case 30: event streams. That a slow reader is cut is in test/http/stalled-streams.test.ts. */

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

const query = 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { status } }';

function stream(id: string, signal: AbortSignal): Promise<Response> {
  return fetch(`${test.url}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${testKey}`,
    },
    body: JSON.stringify({ query, variables: { id } }),
    signal,
  });
}

describe('30: an event stream', () => {
  it('that is broken off in the middle is finished on the server', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const cut = new AbortController();
    const response = await stream(id, cut.signal);
    await readEvents(response).next();
    expect(watched()).toHaveLength(1);
    cut.abort();
    await vi.waitFor(() => expect(watched()).toEqual([]));
  });

  it('that is broken off before it was answered is too', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    for (let round = 0; round < 50; round += 1) {
      const cut = new AbortController();
      const asked = stream(id, cut.signal).catch(() => undefined);
      setImmediate(() => cut.abort());
      await asked;
    }
    await vi.waitFor(() => expect(watched()).toEqual([]));
  });

  it('is one of 200 that wait, and hold up nobody', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const cut = new AbortController();
    const idle = await Promise.all(Array.from({ length: 200 }, () => stream(id, cut.signal)));
    expect(idle.every(({ status }) => status === 200)).toBe(true);
    expect((await test.graphql('{ server { version } }')).errors).toEqual([]);
    const last = await stream(id, cut.signal);
    const statuses = Array.fromAsync(readEvents(last), ({ event, data }) => `${event} ${data}`);
    await decideAtHandset(test, id);
    expect((await statuses).at(-2)).toContain('COMPLETED');
    cut.abort();
    await vi.waitFor(() => expect(watched()).toEqual([]));
  });

  it('takes a place that is counted, whatever its client says that it accepts', async () => {
    await using limited = await TestApp.start({ env: { RATE_LIMITS: 'on' } });
    const { transaction, watchToken } = await limited.initiate({ phoneNumber: reservedPayer(28) });
    const cut = new AbortController();
    const open = (accept: string) =>
      fetch(`${limited.url}/graphql`, {
        method: 'POST',
        headers: { accept, 'content-type': 'application/json', authorization: `Bearer ${watchToken}` },
        body: JSON.stringify({ query, variables: { id: transaction?.id } }),
        signal: cut.signal,
      });
    for (let count = 0; count < 100; count += 1) {
      const { status, headers } = await open('*/*');
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('event-stream')]);
    }
    await vi.waitFor(async () => expect((await open('*/*')).status).toBe(503), 10_000);
    expect((await open('text/event-stream')).status).toBe(503);
    cut.abort();
  });

  it('whose answer comes when its client has gone keeps no place', async () => {
    await using limited = await TestApp.start({ env: { RATE_LIMITS: 'on' } });
    const { transaction, watchToken } = await limited.initiate({ phoneNumber: reservedPayer(28) });
    const waiting = 'query ($id: ID!) { awaitPayment(transactionId: $id, timeoutSeconds: 5) { isFinal } }';
    const ask = (signal: AbortSignal | null) =>
      fetch(`${limited.url}/graphql`, {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          'content-type': 'application/json',
          authorization: `Bearer ${watchToken}`,
        },
        body: JSON.stringify({ query: waiting, variables: { id: transaction?.id } }),
        signal,
      });
    const cut = new AbortController();
    const asked = Array.from({ length: 100 }, () => ask(cut.signal).catch(() => undefined));
    const counts = () => made.watchers.at(-1)?.counts().watchers;
    await vi.waitFor(() => expect(counts()).toBe(100), 10_000);
    cut.abort();
    await Promise.all(asked);
    await vi.waitFor(() => expect(counts()).toBe(0), 10_000);
    const answer = await ask(null);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"isFinal":false')]);
  }, 60_000);
});
