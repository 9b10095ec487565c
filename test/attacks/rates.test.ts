import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLInputType,
  type GraphQLObjectType,
} from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
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

  it('a mutation is refused in its userErrors, and has done nothing', async () => {
    const query = `mutation (${times(5, (n) => `$a${n}: InitiateStkPushInput!`)}) {
      ${times(5, (n) => `a${n}: initiateStkPush(input: $a${n}) { transaction { id } replayed userErrors { code message path retryable retryAfterSeconds } }`)} }`;
    const paid = await test.prisma.transaction.count();
    const attempt = () =>
      ask(
        test,
        {
          query,
          variables: Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`a${n}`, paymentInput()])),
        },
        key,
      );
    for (let round = 0; round < 4; round += 1) expect((await attempt()).errors).toEqual([]);
    const { data, errors } = await attempt();
    expect(errors).toEqual([]);
    expect(Object.values(data ?? {})).toEqual(
      Array.from({ length: 5 }, () => ({
        transaction: null,
        replayed: false,
        userErrors: [
          {
            code: 'RATE_LIMITED',
            message: 'Too many requests. Send the same request again in 1 s.',
            path: [],
            retryable: true,
            retryAfterSeconds: 1,
          },
        ],
      })),
    );
    expect(await test.prisma.transaction.count()).toBe(paid + 20);
    // What is not a prompt goes on.
    expect((await ask(test, one, key)).errors).toEqual([]);
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

  it('is refused after ten from one address, whatever is tried next, and not from others', async () => {
    const address = '192.0.2.1';
    for (let round = 0; round < 10; round += 1) expect((await guess(address)).status).toBe(401);
    const refused = await guess(address);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await guess(address, '')).status).toBe(429);
    // Not even a good one, unless it came in lately: else a guess that is right would be told.
    expect((await guess(address, key)).status).toBe(429);
    expect((await guess('192.0.2.2', key)).status).toBe(200);
    expect((await guess(address, key)).status).toBe(200);
    later(1);
    for (let round = 0; round < 5; round += 1) expect((await guess(address)).status).toBe(401);
    expect((await guess(address)).status).toBe(429);
  });

  it('from many addresses of one IPv6 network is guessing from one', async () => {
    for (let round = 0; round < 10; round += 1) await guess(`2001:db8:7:8::${round}`);
    expect((await guess('2001:db8:7:8:ffff::1')).status).toBe(429);
    expect((await guess('2001:db8:7:9::1')).status).toBe(401);
  });

  it('cannot hide behind addresses that it makes up', async () => {
    for (let round = 0; round < 10; round += 1) await guess(`198.51.100.${round}, 192.0.2.3`);
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

/** Any value of a type, as a document writes it. */
function anyValue(type: GraphQLInputType): string {
  if (isNonNullType(type)) return anyValue(type.ofType);
  if (isListType(type)) return `[${anyValue(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
    return `{ ${required.map((field) => `${field.name}: ${anyValue(field.type)}`).join(' ')} }`;
  }
  return type.name === 'Int' ? '1' : '"x"';
}

const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});

it.each(mutations)('$name can say that it was asked too often', async ({ name, args, type }) => {
  const fields = Object.values((type as GraphQLObjectType).getFields());
  const selections = fields.map((field) =>
    isCompositeType(getNamedType(field.type)) ? `${field.name} { __typename }` : field.name,
  );
  const given = args.map((argument) => `${argument.name}: ${anyValue(argument.type)}`).join(', ');
  for (let round = 0; round < 10; round += 1) await transports[0]?.ask(test, guesses, key);
  const query = `mutation { ${name}(${given}) { ${selections.join(' ')} } }`;
  const answer = await transports[0]?.ask(test, { query }, key);
  expect(answer?.errors).toEqual([]);
  const { userErrors, ...others } = answer?.data?.[name] as Record<string, unknown>;
  expect(userErrors).toEqual([{ __typename: 'UserError' }]);
  expect(Object.values(others).every((value) => value === null || value === false)).toBe(true);
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
