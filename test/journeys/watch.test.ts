import { createClient, type Client } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import type * as WatchersModule from '../../src/feed/watchers.ts';
import type { Watchers } from '../../src/feed/watchers.ts';
import { decideAtHandset } from '../support/simulator.ts';
import { readEvents } from '../support/sse.ts';
import { reservedPayer, testKey, TestApp } from '../support/test-app.ts';

/** Who watches, as the server itself knows it: the only way to see that a watcher is gone. */
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
let foreign: { id: string; watchToken: string };

beforeAll(async () => {
  test = await TestApp.start({ simulator: { delayMs: 40 } });
  foreign = await make();
});
afterAll(() => test[Symbol.asyncDispose]());

const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map(async (client) => client.dispose()));
});
beforeEach(() => vi.waitFor(() => expect(watched()).toEqual([])));

/** A client that is closed when the test is over, however it ends. */
function socket(credential: string | null = testKey): Client {
  const client = test.socket(credential);
  clients.push(client);
  return client;
}

/** A payment whose payer waits until the test decides. */
async function make(): Promise<{ id: string; watchToken: string }> {
  const { transaction, watchToken } = await test.initiate({ phoneNumber: reservedPayer(28) });
  if (transaction === null || watchToken === null) throw new Error('No payment was made');
  return { id: transaction.id, watchToken };
}

type Result = { data?: Record<string, unknown> | null | undefined; errors?: readonly unknown[] | undefined };
type Asked = { query: string; variables?: Record<string, unknown>; credential?: string };
type Watch = { results: AsyncIterator<Result>; stop: () => Promise<void> };
type Transport = { name: string; open: (asked: Asked) => Promise<Watch> };

async function* resultsOf(response: Response): AsyncGenerator<Result> {
  if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
    throw new Error(`${String(response.status)} ${await response.text()}`);
  for await (const { event, data } of readEvents(response)) {
    if (event === 'complete') return;
    yield JSON.parse(data) as Result;
  }
  throw new Error('The stream was cut');
}

async function overSse(url: string, init: RequestInit): Promise<Watch> {
  const client = new AbortController();
  const results = resultsOf(await fetch(url, { ...init, signal: client.signal }));
  return { results, stop: async () => client.abort() };
}

const transports: Transport[] = [
  {
    name: 'WebSocket',
    open: async ({ query, variables = {}, credential = testKey }) => {
      const client = socket(credential);
      return {
        results: client.iterate({ query, variables }),
        stop: async () => client.dispose(),
      };
    },
  },
  {
    name: 'SSE by POST',
    open: async ({ query, variables = {}, credential = testKey }) =>
      overSse(`${test.url}/graphql`, {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          'content-type': 'application/json',
          authorization: `Bearer ${credential}`,
        },
        body: JSON.stringify({ query, variables }),
      }),
  },
  {
    name: 'SSE by GET',
    // As EventSource does it: the credential of its payment is all it may have, and it can set no header.
    open: async ({ query, variables = {}, credential = testKey }) => {
      const parameters = new URLSearchParams({
        query,
        variables: JSON.stringify(variables),
        watchToken: credential,
      });
      return overSse(`${test.url}/graphql?${parameters.toString()}`, {
        headers: { accept: 'text/event-stream' },
      });
    },
  },
];

const document = `subscription ($id: ID!, $after: Int) {
  paymentStatus(transactionId: $id, afterSequence: $after) {
    sequence status isFinal occurredAt transaction { id status sequence mpesaReceiptNumber } } }`;

type Told = {
  sequence: number;
  status: string;
  isFinal: boolean;
  transaction: { status: string; mpesaReceiptNumber: string | null };
};

const told = ({ value }: IteratorResult<Result>): Told => {
  const { data, errors } = value as Result;
  if (!data?.['paymentStatus']) throw new Error(`Not told: ${JSON.stringify(errors)}`);
  return data['paymentStatus'] as Told;
};

async function rest(results: AsyncIterator<Result>): Promise<Told[]> {
  const all: Told[] = [];
  for (let next = await results.next(); next.done !== true; next = await results.next()) all.push(told(next));
  return all;
}

const codesOf = (result: Result | undefined): unknown[] =>
  (result?.errors ?? []).map((error) => (error as { extensions: { code: unknown } }).extensions.code);

describe.each(transports)('over $name, a watcher', ({ open }) => {
  it('is told the present state, then COMPLETED with the receipt, and then the stream ends', async () => {
    const { id, watchToken } = await make();
    const { results } = await open({ query: document, variables: { id }, credential: watchToken });
    expect(told(await results.next())).toMatchObject({
      sequence: 2,
      status: 'AWAITING_PAYER',
      isFinal: false,
      transaction: { id, status: 'AWAITING_PAYER', mpesaReceiptNumber: null },
    });
    await decideAtHandset(test, id);
    const { mpesaReceiptNumber } = await test.read(id);
    expect(await rest(results)).toEqual([
      {
        sequence: 3,
        status: 'COMPLETED',
        isFinal: true,
        occurredAt: expect.any(String),
        transaction: { id, status: 'COMPLETED', sequence: 3, mpesaReceiptNumber },
      },
    ]);
    expect(mpesaReceiptNumber).toMatch(/^[A-Z0-9]{10}$/);
    await vi.waitFor(() => expect(watched()).toEqual([]));
  });

  it('of a payment that is final is told so, and no more', async () => {
    const { id, watchToken } = await make();
    await decideAtHandset(test, id, 'cancel');
    const { results } = await open({ query: document, variables: { id }, credential: watchToken });
    expect(await rest(results)).toMatchObject([{ sequence: 3, status: 'CANCELLED', isFinal: true }]);
  });

  it.each([
    [0, [1, 2, 3]],
    [1, [2, 3]],
    [2, [3]],
  ])('that has seen %i is told exactly what it missed, and then the stream ends', async (after, missed) => {
    const { id, watchToken } = await make();
    await decideAtHandset(test, id);
    const { results } = await open({ query: document, variables: { id, after }, credential: watchToken });
    const changes = await rest(results);
    expect(changes.map(({ sequence }) => sequence)).toEqual(missed);
    const statuses = ['REQUESTED', 'AWAITING_PAYER', 'COMPLETED'];
    expect(changes.map(({ status }) => status)).toEqual(missed.map((sequence) => statuses[sequence - 1]));
    // What was is told as it was; what the payment is now is told as it is now.
    expect(new Set(changes.map(({ transaction }) => transaction.status))).toEqual(new Set(['COMPLETED']));
  });

  it.each([3, 4, 2_147_483_647])(
    'that has seen %i of a payment with 3 changes is told nothing',
    async (after) => {
      const { id, watchToken } = await make();
      await decideAtHandset(test, id);
      const { results } = await open({ query: document, variables: { id, after }, credential: watchToken });
      expect(await rest(results)).toEqual([]);
    },
  );

  it('that has seen the present of an open payment waits for the next change', async () => {
    const { id, watchToken } = await make();
    const { results } = await open({ query: document, variables: { id, after: 2 }, credential: watchToken });
    const next = results.next();
    await vi.waitFor(() => expect(watched()).toHaveLength(1));
    await decideAtHandset(test, id);
    expect(told(await next)).toMatchObject({ sequence: 3, status: 'COMPLETED' });
    expect(await rest(results)).toEqual([]);
  });

  it('that claims to have seen the future of an open payment waits until it is final, and is told nothing', async () => {
    const { id, watchToken } = await make();
    const { results } = await open({ query: document, variables: { id, after: 99 }, credential: watchToken });
    const all = rest(results);
    await vi.waitFor(() => expect(watched()).toHaveLength(1));
    await decideAtHandset(test, id);
    expect(await all).toEqual([]);
  });

  it('is refused for a negative sequence', async () => {
    const { results } = await open({
      query: document,
      variables: { id: foreign.id, after: -1 },
      credential: foreign.watchToken,
    });
    const { value } = await results.next();
    expect(codesOf(value as Result)).toEqual(['BAD_USER_INPUT']);
  });

  it.each([
    ['unknown', () => Buffer.from('Transaction:0192f0c1-2f3a-7000-8000-000000000000').toString('base64')],
    ['another’s', () => foreign.id],
    ['malformed', () => 'x'],
    ['empty', () => ''],
  ])('hears NOT_FOUND for a payment that is %s, and then the stream ends', async (_, idOf) => {
    const { watchToken } = await make();
    const { results } = await open({
      query: document,
      variables: { id: idOf() },
      credential: watchToken,
    });
    const { value } = await results.next();
    expect(codesOf(value as Result)).toEqual(['NOT_FOUND']);
    expect(value).toMatchObject({ errors: [{ message: 'There is no such transaction.' }] });
    expect((await results.next()).done).toBe(true);
    expect(watched()).toEqual([]);
  });

  it('that goes away is forgotten', async () => {
    const { id, watchToken } = await make();
    const { results, stop } = await open({ query: document, variables: { id }, credential: watchToken });
    await results.next();
    expect(watched()).toHaveLength(1);
    await stop();
    await vi.waitFor(() => expect(watched()).toEqual([]));
  });
});

describe('watchers', () => {
  it('of one payment, 50 of them, are all told the same', async () => {
    const { id, watchToken } = await make();
    const watches = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const transport = transports[index % transports.length];
        if (transport === undefined) throw new Error('There are transports');
        return transport.open({ query: document, variables: { id }, credential: watchToken });
      }),
    );
    const firsts = await Promise.all(watches.map(async ({ results }) => told(await results.next())));
    expect(firsts.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, () => 2));
    await decideAtHandset(test, id);
    const rests = await Promise.all(watches.map(({ results }) => rest(results)));
    const [first] = rests;
    expect(first).toMatchObject([{ sequence: 3, status: 'COMPLETED' }]);
    for (const changes of rests) expect(changes).toEqual(first);
  });

  it('are told a change that nobody announced, within seconds', async () => {
    const { id } = await make();
    const [{ open } = { open: undefined }] = transports;
    const watch = await open?.({ query: document, variables: { id } });
    if (watch === undefined) throw new Error('There are transports');
    await watch.results.next();
    // As another process would settle it whose hint is lost: this one is told by its database alone.
    const wake = made.watchers.map((watchers) => vi.spyOn(watchers, 'wake').mockImplementation(() => {}));
    await decideAtHandset(test, id);
    expect(await rest(watch.results)).toMatchObject([{ sequence: 3, status: 'COMPLETED' }]);
    for (const spy of wake) {
      expect(spy).toHaveBeenCalled();
      spy.mockRestore();
    }
  });
});

describe('a socket', () => {
  const connect = (connectionParams?: Record<string, unknown>): Client =>
    createClient({
      url: `${test.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(connectionParams === undefined ? {} : { connectionParams }),
    });

  it.each<[string, Record<string, unknown> | undefined]>([
    ['no parameters', undefined],
    ['no credential', {}],
    ['an unknown key', { authorization: 'Bearer mlp_test_unknown' }],
    ['a key that is not called Bearer', { authorization: testKey }],
    ['a credential that is no text', { authorization: { Bearer: testKey } }],
    ['a forged watch token', { authorization: 'Bearer a.b.c' }],
  ])('with %s is closed with 4403', async (_, parameters) => {
    const client = connect(parameters);
    const stream = client.iterate({ query: '{ server { version } }' });
    await expect(stream.next()).rejects.toMatchObject({ code: 4403 });
    await client.dispose();
  });

  it('that subscribes before it is let in is closed with 4401', async () => {
    const socket = new WebSocket(`${test.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.once('open', () =>
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ server { now } }' } })),
    );
    expect(await closed).toBe(4401);
  });

  const [parse, validate] = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'];
  it.each([
    ['cut', parse, 'subscription {'],
    ['empty', parse, ''],
    ['of a field that there is not', validate, 'subscription { nope }'],
    ['too long', 'BAD_USER_INPUT', `{ server { now } } # ${'x'.repeat(17_000)}`],
    ['without a value that it needs', 'BAD_USER_INPUT', document.replace('$after: Int', '$after: Int!')],
    [
      'with a variable of a wrong type',
      validate,
      'subscription ($id: Int!) { paymentStatus(transactionId: $id) { status } }',
    ],
    ['nested without end', parse, `{ ${'a { '.repeat(2_000)}`],
  ])('outlives a document that is %s, and all else on it goes on', async (_, code, query) => {
    const { id } = await make();
    const client = socket();
    const good = client.iterate({ query: document, variables: { id } });
    await good.next();
    const bad = client.iterate({ query, variables: { id } });
    const outcome = await bad.next().then(
      ({ value }) => (value as Result).errors,
      (error: unknown) => error as readonly unknown[],
    );
    expect(outcome).toMatchObject([{ message: expect.any(String) }]);
    expect(codesOf({ errors: outcome ?? [] })).toEqual([code]);
    expect(outcome).toMatchObject([{ extensions: { requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) } }]);
    await decideAtHandset(test, id);
    expect(told((await good.next()) as IteratorResult<Result>)).toMatchObject({ status: 'COMPLETED' });
  });

  it('answers queries and mutations too', async () => {
    const { id } = await make();
    const client = socket();
    const query = client.iterate({
      query: 'query ($id: ID!) { transaction(by: { id: $id }) { id } }',
      variables: { id },
    });
    expect((await query.next()).value).toEqual({ data: { transaction: { id } } });
    const mutation = client.iterate({
      query: 'mutation ($id: ID!) { createWatchToken(transactionId: $id) { userErrors { code } } }',
      variables: { id },
    });
    expect((await mutation.next()).value).toEqual({ data: { createWatchToken: { userErrors: [] } } });
  });

  it('on which one of two watchers completes goes on for the other', async () => {
    const [one, two] = [await make(), await make()];
    const client = socket();
    const first = client.iterate({ query: document, variables: { id: one.id } });
    const second = client.iterate({ query: document, variables: { id: two.id } });
    await Promise.all([first.next(), second.next()]);
    expect(watched()).toHaveLength(2);
    await first.return?.();
    await vi.waitFor(() => expect(watched()).toHaveLength(1));
    await decideAtHandset(test, two.id);
    expect(told((await second.next()) as IteratorResult<Result>)).toMatchObject({ status: 'COMPLETED' });
    await vi.waitFor(() => expect(watched()).toEqual([]));
  });

  it('that is cut takes its watchers with it', async () => {
    const { id } = await make();
    const socket = new WebSocket(`${test.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('open', () =>
      socket.send(
        JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${testKey}` } }),
      ),
    );
    socket.on('message', (message: Buffer) => {
      if (!String(message).includes('connection_ack')) return;
      const payload = { query: document, variables: { id } };
      for (const operation of ['a', 'b', '__proto__'])
        socket.send(JSON.stringify({ id: operation, type: 'subscribe', payload }));
    });
    await vi.waitFor(() => expect(watched()).toHaveLength(1));
    socket.terminate();
    await vi.waitFor(() => expect(watched()).toEqual([]));
  });
});

describe('awaitPayment', () => {
  const awaiting = `query ($id: ID!, $seconds: Int) { awaitPayment(transactionId: $id, timeoutSeconds: $seconds) {
    sequence status isFinal transaction { mpesaReceiptNumber } } }`;

  it('answers as soon as the payment is final', async () => {
    const { id, watchToken } = await make();
    const startedAt = performance.now();
    const answer = test.graphql(awaiting, { id, seconds: 55 }, watchToken);
    await vi.waitFor(() => expect(watched()).toHaveLength(1));
    await decideAtHandset(test, id);
    const { data } = await answer;
    expect(data?.['awaitPayment']).toEqual({
      sequence: 3,
      status: 'COMPLETED',
      isFinal: true,
      transaction: { mpesaReceiptNumber: expect.stringMatching(/^[A-Z0-9]{10}$/) },
    });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(watched()).toEqual([]);
  });

  it('answers at once for a payment that is final', async () => {
    const { id } = await make();
    await decideAtHandset(test, id, 'wrong-pin');
    const startedAt = performance.now();
    const { data } = await test.graphql(awaiting, { id });
    expect(data?.['awaitPayment']).toMatchObject({ status: 'FAILED', isFinal: true });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('answers with the present state when the time is up', async () => {
    const { id } = await make();
    const startedAt = performance.now();
    const { data, errors } = await test.graphql(awaiting, { id, seconds: 1 });
    expect({ data, errors }).toEqual({
      data: {
        awaitPayment: {
          sequence: 2,
          status: 'AWAITING_PAYER',
          isFinal: false,
          transaction: { mpesaReceiptNumber: null },
        },
      },
      errors: [],
    });
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    expect(watched()).toEqual([]);
  });

  it.each([0, -1, 56, 2_147_483_647])('is refused for %i seconds', async (seconds) => {
    const { errors } = await test.graphql(awaiting, { id: foreign.id, seconds });
    expect(errors).toMatchObject([{ path: ['awaitPayment'], extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(watched()).toEqual([]);
  });
});
