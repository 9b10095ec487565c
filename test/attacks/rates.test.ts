import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { issueKey } from '../support/keys.ts';
import { paymentInput, TestApp, testKey } from '../support/test-app.ts';
import { openRawSocket, openSocket, transports } from './support/transports.ts';

/** Cases 15 and 16: guessing, and asking for everything. Attempts are counted, not requests. */

/** Time stands still, so that what is used up comes back only when a test lets it. */
let now = new Date('2026-11-24T09:00:00Z');
const later = (seconds: number) => (now = new Date(now.getTime() + seconds * 1_000));

let test: TestApp;
let key: string;

beforeAll(async () => {
  test = await TestApp.start({
    env: { RATE_LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1' },
    overrides: { clock: { now: () => now } },
  });
});
afterAll(() => test[Symbol.asyncDispose]());
beforeEach(async () => {
  later(600);
  ({ key } = await issueKey(test.prisma, ['payments:initiate', 'payments:read', 'payments:manage']));
});

const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
const guesses = {
  query: `query { ${times(10, (n) => `a${n}: transaction(by: { mpesaReceiptNumber: "R${n}" }) { id }`)} }`,
};
const one = { query: '{ transaction(by: { mpesaReceiptNumber: "X" }) { id } }' };
const rateLimited = {
  message: 'Too many requests. Ask again in 1 s.',
  path: ['transaction'],
  extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 1 },
};

describe.each(transports)('15, 16: over $name', ({ ask }) => {
  it('ten aliases are ten attempts: after a hundred, the next are refused, and others are not', async () => {
    for (let round = 0; round < 10; round += 1) expect((await ask(test, guesses, key)).errors).toEqual([]);
    expect(await ask(test, one, key)).toEqual({ data: { transaction: null }, errors: [rateLimited] });
    const other = await issueKey(test.prisma, ['payments:read']);
    expect((await ask(test, one, other.key)).errors).toEqual([]);
    later(1);
    for (let round = 0; round < 5; round += 1) expect((await ask(test, guesses, key)).errors).toEqual([]);
    expect((await ask(test, one, key)).errors).toEqual([rateLimited]);
  });

  it('a mutation is refused by an error, which claims nothing about a transaction, and has done nothing', async () => {
    const query = `mutation ($input: InitiateStkPushInput!) {
      initiateStkPush(input: $input) { transaction { id } replayed userErrors { code } } }`;
    const variables = { input: paymentInput() };
    const { data } = await ask(test, { query, variables }, key);
    const { transaction } = data?.['initiateStkPush'] as { transaction: { id: string } };
    for (let round = 0; round < 10; round += 1) await ask(test, guesses, key);
    const stored = await test.prisma.transaction.count();
    const refused = {
      data: { initiateStkPush: null },
      errors: [{ ...rateLimited, path: ['initiateStkPush'] }],
    };
    expect(await ask(test, { query, variables }, key)).toEqual(refused);
    expect(await ask(test, { query, variables: { input: paymentInput() } }, key)).toEqual(refused);
    expect(await test.prisma.transaction.count()).toBe(stored);
    later(1);
    const repeat = { transaction, replayed: true, userErrors: [] };
    expect((await ask(test, { query, variables }, key)).data).toEqual({ initiateStkPush: repeat });
  });

  it('what is wrong with a document counts as well', async () => {
    const wrong = { query: '{ nothing }' };
    for (let round = 0; round < 100; round += 1)
      expect((await ask(test, wrong, key)).errors).toMatchObject([
        { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
      ]);
    expect((await ask(test, wrong, key)).errors).toMatchObject([{ extensions: rateLimited.extensions }]);
  });

  it('a subscription is refused before it is opened', async () => {
    for (let round = 0; round < 10; round += 1) await ask(test, guesses, key);
    const query = 'subscription { paymentStatus(transactionId: "x") { sequence } }';
    const { data, errors } = await ask(test, { query }, key);
    expect(data?.['paymentStatus'] ?? null).toBeNull();
    expect(errors).toEqual([{ ...rateLimited, path: ['paymentStatus'] }]);
  });
});

describe('15: over HTTP', () => {
  const post = (query: string) =>
    fetch(`${test.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query }),
    });

  it('429 is the whole answer, and says when to come back; part of one is 200', async () => {
    for (let round = 0; round < 9; round += 1) await post(guesses.query);
    const part = await post(
      `query { ${times(7, (n) => `a${n}: __typename`)} ${times(3, (n) => `b${n}: server { version }`)} }`,
    );
    expect(part.status).toBe(200);
    await post(`query { ${times(6, (n) => `b${n}: transaction(by: { id: "x" }) { id }`)} }`);
    const mixed = await post(
      '{ a: transaction(by: { id: "x" }) { id } b: transaction(by: { id: "x" }) { id } t: __typename }',
    );
    expect(mixed.status).toBe(200);
    const whole = await post(one.query);
    expect(whole.status).toBe(429);
    expect(whole.headers.get('retry-after')).toBe('1');
    expect(JSON.stringify(await whole.json())).not.toContain('"http"');
  });
});

describe('15: guessing credentials', () => {
  const guess = (address: string, credential = 'mlp_test_guess') =>
    fetch(`${test.url}/graphql?query={__typename}`, {
      headers: {
        'x-forwarded-for': address,
        ...(credential ? { authorization: `Bearer ${credential}` } : {}),
      },
    });

  it('is refused after ten from one address, whatever key is tried next, and not from others', async () => {
    const address = '192.0.2.1';
    for (let round = 0; round < 10; round += 1)
      expect((await guess(address, `mlp_test_guess${round}`)).status).toBe(401);
    const refused = await guess(address, 'mlp_test_guess10');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await guess(address, '')).status).toBe(429);
    // Not even a good one, unless it came in lately: it would have to be looked up.
    expect((await guess(address, key)).status).toBe(429);
    expect((await guess('192.0.2.2', key)).status).toBe(200);
    expect((await guess(address, key)).status).toBe(200);
    later(1);
    for (let round = 0; round < 5; round += 1)
      expect((await guess(address, `mlp_test_guess2${round}`)).status).toBe(401);
    expect((await guess(address, 'mlp_test_guess25')).status).toBe(429);
  });

  it('does not shut out the payers who share the address: a watch token needs no look-up', async () => {
    const address = '192.0.2.5';
    const { watchToken } = await test.initiate();
    for (let round = 0; round < 11; round += 1) await guess(address, `mlp_test_guess3${round}`);
    expect((await guess(address, 'mlp_test_guess4')).status).toBe(429);
    expect((await guess(address, watchToken ?? '')).status).toBe(200);
  });

  it('is not what a client does that does not know that its key has ended', async () => {
    const address = '192.0.2.6';
    for (let round = 0; round < 30; round += 1)
      expect((await guess(address, 'mlp_test_ended_long_ago')).status).toBe(401);
    expect((await guess(address, key)).status).toBe(200);
  });

  it('from many addresses of one IPv6 network is guessing from one', async () => {
    for (let round = 0; round < 10; round += 1) await guess(`2001:db8:7:8::${round}`, `mlp_test_a${round}`);
    expect((await guess('2001:db8:7:8:ffff::1')).status).toBe(429);
    expect((await guess('2001:db8:7:9::1')).status).toBe(401);
  });

  it('cannot hide behind addresses that it makes up', async () => {
    for (let round = 0; round < 10; round += 1)
      await guess(`198.51.100.${round}, 192.0.2.3`, `mlp_test_b${round}`);
    expect((await guess('203.0.113.1, 192.0.2.3')).status).toBe(429);
  });

  it('over sockets counts too', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.4' };
    const attempt = async (credential: string) => {
      await using socket = await openRawSocket(test, headers);
      socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${credential}` } });
      return (await socket.closed).code;
    };
    for (let round = 0; round < 10; round += 1) expect(await attempt(`guess-${round}`)).toBe(4403);
    expect(await attempt('another guess')).toBe(1013);
    expect((await guess('192.0.2.4')).status).toBe(429);
  });
});

it('a socket and HTTP draw on one allowance', async () => {
  await using socket = await openSocket(test, key);
  for (let round = 0; round < 5; round += 1) {
    await socket.ask(guesses);
    await transports[0]?.ask(test, guesses, key);
  }
  expect((await socket.ask(one)).errors).toEqual([rateLimited]);
});

it('RATE_LIMITS off lets everything through', async () => {
  await using unlimited = await TestApp.start({ overrides: { clock: { now: () => now } } });
  for (let round = 0; round < 15; round += 1)
    expect((await transports[0]?.ask(unlimited, guesses, testKey))?.errors).toEqual([]);
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => fetch(`${unlimited.url}/graphql?query={__typename}`)),
  );
  expect(answers.every(({ status }) => status === 401)).toBe(true);
});
