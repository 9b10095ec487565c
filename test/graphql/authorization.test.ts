import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askings, type Answer } from '../support/asking.ts';
import { issueKey, type IssuedKey } from '../support/keys.ts';
import { paymentInput, reservedPayer, TestApp } from '../support/test-app.ts';

let test: TestApp;
let shop: IssuedKey;
let otherShop: IssuedKey;
let own: string;
let foreign: string;
/** What the other shop asked for, word for word. */
let foreignInput: Record<string, unknown>;

const initiate = `mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) {
  transaction { id phoneNumber } replayed userErrors { code } } }`;

type Initiated = {
  transaction: { id: string; phoneNumber: string } | null;
  replayed: boolean;
  userErrors: { code: string }[];
};

async function ask(input: object, key: string): Promise<Initiated> {
  const { data, errors } = await test.graphql(initiate, { input }, key);
  expect(errors).toEqual([]);
  return data?.['initiateStkPush'] as Initiated;
}

beforeAll(async () => {
  test = await TestApp.start();
  shop = await issueKey(test.prisma, ['payments:initiate', 'payments:read']);
  otherShop = await issueKey(test.prisma, ['payments:initiate', 'payments:read']);
  own = (await ask(paymentInput({ phoneNumber: reservedPayer(28) }), shop.key)).transaction?.id ?? '';
  foreignInput = paymentInput({ phoneNumber: reservedPayer(28) });
  foreign = (await ask(foreignInput, otherShop.key)).transaction?.id ?? '';
});
afterAll(() => test[Symbol.asyncDispose]());

const unknown = btoa('Transaction:0192f0c1-2f3a-7000-8000-000000000000');

/** Every way to one payment, with what is answered where there is none. */
const paths: Record<string, { query: string; none: unknown }> = {
  transaction: {
    query: 'query ($id: ID!) { transaction(by: { id: $id }) { id } }',
    none: { data: { transaction: null } },
  },
  node: { query: 'query ($id: ID!) { node(id: $id) { id } }', none: { data: { node: null } } },
  nodes: { query: 'query ($id: ID!) { nodes(ids: [$id]) { id } }', none: { data: { nodes: [null] } } },
  awaitPayment: {
    query: 'query ($id: ID!) { awaitPayment(transactionId: $id, timeoutSeconds: 1) { status } }',
    none: { code: 'NOT_FOUND' },
  },
  paymentStatus: {
    query: 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { status } }',
    none: { code: 'NOT_FOUND' },
  },
  createWatchToken: {
    query: `mutation ($id: ID!) { createWatchToken(transactionId: $id) {
      watchToken userErrors { code message path retryable retryAfterSeconds } } }`,
    none: { data: { createWatchToken: { watchToken: null, userErrors: [{ code: 'NOT_FOUND' }] } } },
  },
};

/** All of an answer but what is of this one request. */
const told = ({ data, errors }: Answer) => ({
  data,
  errors: errors.map(({ message, path, extensions: { code } }) => ({ message, path, code })),
});

describe.each(askings.filter(({ name }) => !name.includes('GET')))(
  'over $name',
  ({ streams, ask: asked }) => {
    const reachable = Object.entries(paths).filter(([, { query }]) => streams || !query.startsWith('sub'));

    it.each(reachable)('%s answers alike for what is not yours and what is not there', async (_, path) => {
      const { query, none } = path;
      const answer = async (id: string) =>
        told(await asked(test, { query, variables: { id }, credential: shop.key }));
      const [ofOther, ofNobody, ofOwn] = [await answer(foreign), await answer(unknown), await answer(own)];
      expect(ofOther).toEqual(ofNobody);
      const { data, errors } = ofOther;
      expect(errors.length > 0 ? { code: errors[0]?.code } : { data }).toMatchObject(none as object);
      expect(ofOwn).not.toEqual(ofNobody);
    });

    it('payments:manage sees whole in every payload what is another client’s', async () => {
      const { key } = await issueKey(test.prisma, ['payments:manage']);
      const phoneOf = async (query: string): Promise<string> =>
        JSON.stringify((await asked(test, { query, variables: { id: foreign }, credential: key })).data);
      const queries = [
        'query ($id: ID!) { node(id: $id) { ... on Transaction { phoneNumber } } }',
        'query ($id: ID!) { awaitPayment(transactionId: $id, timeoutSeconds: 1) { transaction { phoneNumber } } }',
        'mutation ($id: ID!) { recheckTransaction(id: $id) { transaction { phoneNumber } } }',
        ...(streams
          ? ['subscription ($id: ID!) { paymentStatus(transactionId: $id) { transaction { phoneNumber } } }']
          : []),
      ];
      for (const query of queries) expect(await phoneOf(query)).toContain(`"${reservedPayer(28)}"`);
    });
  },
);

describe('a request that another client made before', () => {
  it('word for word, is a payment of one’s own', async () => {
    const { transaction, replayed } = await ask(foreignInput, shop.key);
    expect(replayed).toBe(false);
    expect(transaction?.id).not.toBe(foreign);
  });

  it('is answered again to another key of that client, which needs no more than to ask', async () => {
    const { key } = await issueKey(test.prisma, ['payments:initiate'], { clientId: otherShop.clientId });
    expect(await ask(foreignInput, key)).toEqual({
      transaction: { id: foreign, phoneNumber: reservedPayer(28) },
      replayed: true,
      userErrors: [],
    });
    // Without knowing all of it, the key of a request opens nothing.
    expect(await ask({ ...foreignInput, amount: 11 }, key)).toEqual({
      transaction: null,
      replayed: false,
      userErrors: [{ code: 'IDEMPOTENCY_KEY_REUSED' }],
    });
  });
});
