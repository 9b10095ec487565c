import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWatchToken, watchTokenLifeSeconds } from '../../src/access/watch-token.ts';
import { deriveKey } from '../../src/config/kept-secret.ts';
import { Masked } from '../../src/lib/masked.ts';
import { startDeployment, type Deployment } from '../support/deployment.ts';
import { readEvents } from '../support/sse.ts';
import { reservedPayer, rowId, TestApp } from '../support/test-app.ts';
import { postgresql } from '../support/test-database.ts';

const secret = 'a-secret-that-both-of-them-have-in-common';
const watch = 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { sequence } }';

/** Resolves when the stream that was opened is told its first change; `end` says how it ended. */
type Open = (app: TestApp, id: string, credential: string) => Promise<{ end: Promise<unknown> }>;

const overWebSocket: Open = async (app, id, credential) => {
  const client = app.socket(credential);
  const stream = client.iterate({ query: watch, variables: { id } });
  expect((await stream.next()).value).toMatchObject({ data: { paymentStatus: { sequence: 2 } } });
  const end = stream.next().then(
    () => 'told more',
    (error: unknown) => (error as { code?: number }).code,
  );
  return { end };
};

const overSse: Open = async (app, id, credential) => {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${credential}`,
    },
    body: JSON.stringify({ query: watch, variables: { id } }),
  });
  const events = readEvents(response);
  expect((await events.next()).value).toMatchObject({ event: 'next' });
  const end = events.next().then(
    ({ value, done }) => (done ? 'cut' : value.event),
    () => 'cut',
  );
  return { end };
};

const transports = [
  { name: 'WebSocket', open: overWebSocket, ends: 4403 },
  { name: 'SSE', open: overSse, ends: 'cut' },
];

/** The keys are made, rotated and revoked at the first process; their clients are at the second. */
describe.skipIf(!postgresql.available)('at another process', () => {
  let two: Deployment;
  let clients = 0;
  let said = '';
  beforeAll(async () => {
    const logger = pino({ level: 'trace' }, { write: (line: string) => void (said += line) });
    two = await startDeployment({
      hints: (url) => ({ kind: 'postgresql', url }),
      env: { MALIPO_SECRET: secret },
      overrides: { logger },
    });
  });
  afterAll(() => two[Symbol.asyncDispose]());

  async function create(expiresAt: Date | null = null): Promise<{ key: string; id: string }> {
    clients += 1;
    const input = {
      clientName: `client ${String(clients)}`,
      name: 'till',
      scopes: ['payments:manage'],
      expiresAt,
    };
    const { data } = await two.apps[0].graphql(
      'mutation ($input: CreateApiKeyInput!) { made: createApiKey(input: $input) { key apiKey { id } } }',
      { input },
    );
    const { key, apiKey } = data?.['made'] as { key: string; apiKey: { id: string } };
    return { key, id: apiKey.id };
  }

  const endings: [string, (id: string) => Promise<unknown>][] = [
    [
      'revoked',
      (id) =>
        two.apps[0].graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { userErrors { code } } }', { id }),
    ],
    [
      'rotated without an overlap',
      (id) =>
        two.apps[0].graphql(
          'mutation ($id: ID!) { rotateApiKey(id: $id, overlapSeconds: 0) { userErrors { code } } }',
          { id },
        ),
    ],
  ];

  describe.each(transports)('over $name', ({ open, ends }) => {
    it.each(endings)('what is open under a key that is %s is closed within seconds', async (_, end) => {
      const payment = await two.apps[0].pay({ phoneNumber: reservedPayer(28) });
      const [ending, staying] = [await create(), await create()];
      const closing = await open(two.apps[1], payment, ending.key);
      const other = await open(two.apps[1], payment, staying.key);
      await end(ending.id);
      expect(await closing.end).toBe(ends);
      // The other was looked at in the same round.
      expect(await Promise.race([other.end, Promise.resolve('still open')])).toBe('still open');
      await end(staying.id);
      expect(await other.end).toBe(ends);
    });

    it('what is open under a key that expires is closed within seconds', async () => {
      const payment = await two.apps[0].pay({ phoneNumber: reservedPayer(28) });
      const { key, id } = await create(new Date(Date.now() + 3_600_000));
      const closing = await open(two.apps[1], payment, key);
      const row = Buffer.from(id, 'base64').toString().replace('ApiKey:', '');
      await two.prisma.apiKey.update({ where: { id: row }, data: { expiresAt: new Date() } });
      expect(await closing.end).toBe(ends);
    });

    it('what is open under a watch token that runs out is closed within seconds', async () => {
      const payment = await two.apps[0].pay({ phoneNumber: reservedPayer(28) });
      const madeAt = new Date(Date.now() - (watchTokenLifeSeconds - 4) * 1000);
      const signing = deriveKey(new Masked(secret), 'watch-token');
      const { watchToken } = await makeWatchToken(signing, rowId(payment), madeAt);
      const closing = await open(two.apps[1], payment, watchToken);
      expect(await closing.end).toBe(ends);
    });
  });

  it('no key was logged', async () => {
    const { key, id } = await create();
    for (const app of two.apps) {
      await app.graphql('{ server { version } }', {}, key);
      await app.graphql('query ($k: ID!) { node(id: $k) { id } }', { k: key }, key);
      await fetch(`${app.url}/graphql?watchToken=${key}&query={server{version}}`);
      await fetch(`${app.url}/nowhere/${key}`, { headers: { authorization: `Bearer ${key}` } });
      await app.graphql('{ nope }', {}, `${key}x`);
    }
    await endings[1]?.[1](id);
    expect(said).toContain('a key was made');
    expect(said).toContain('a key was rotated');
    expect(said).toContain('/graphql');
    expect(said).not.toMatch(/mlp_(test|live)_/);
  });
});

it('a socket that is open for very long is told to connect anew, when nothing is being answered on it', async () => {
  await using test = await TestApp.start({ overrides: { socketAgeMs: 1 } });
  const { transaction, watchToken } = await test.initiate({ phoneNumber: reservedPayer(28) });
  const client = test.socket(watchToken);
  const closed = new Promise<number>((resolve) =>
    client.on('closed', (event) => resolve((event as { code: number }).code)),
  );
  const waiting = client.iterate({
    query: 'query ($id: ID!) { awaitPayment(transactionId: $id, timeoutSeconds: 5) { status } }',
    variables: { id: transaction?.id },
  });
  const watching = client.iterate({ query: watch, variables: { id: transaction?.id } });
  const cut = watching.next().then(() => watching.next());
  cut.catch(() => undefined);
  // Longer than two rounds.
  expect((await waiting.next()).value).toMatchObject({
    data: { awaitPayment: { status: 'AWAITING_PAYER' } },
  });
  expect(await closed).toBe(1001);
  await expect(cut).rejects.toMatchObject({ code: 1001 });
  await client.dispose();
});
