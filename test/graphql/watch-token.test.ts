import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWatchToken, watchTokenLifeSeconds } from '../../src/access/watch-token.ts';
import { deriveKey } from '../../src/config/kept-secret.ts';
import { Masked } from '../../src/lib/masked.ts';
import { askings, type Answer } from '../support/asking.ts';
import { issueKey } from '../support/keys.ts';
import { paymentInput, reservedPayer, rowId, testKey, TestApp } from '../support/test-app.ts';

const secret = 'the-secret-with-which-tokens-are-made-here';

let test: TestApp;
let payment: Record<'id' | 'watchToken' | 'checkoutRequestId' | 'idempotencyKey', string>;
let foreignId: string;
let keyId: string;

beforeAll(async () => {
  test = await TestApp.start({ env: { MALIPO_SECRET: secret } });
  const input = paymentInput({ phoneNumber: reservedPayer(28), metadata: { order: 7 } });
  const { transaction, watchToken } = await test.initiate(input);
  const { checkoutRequestId } = await test.read(transaction?.id ?? '');
  payment = {
    id: transaction?.id ?? '',
    watchToken: watchToken ?? '',
    checkoutRequestId: checkoutRequestId as string,
    idempotencyKey: input['idempotencyKey'] as string,
  };
  foreignId = await test.pay({ phoneNumber: reservedPayer(28) });
  await issueKey(test.prisma, ['admin']);
  keyId = btoa(`ApiKey:${(await test.prisma.apiKey.findFirstOrThrow()).id}`);
});
afterAll(() => test[Symbol.asyncDispose]());

const fields = `{ id status phoneNumber metadata idempotencyKey merchantRequestId checkoutRequestId
  timeline { sequence } accountReference amount { formatted } payerMessage }`;

/** What a watch token opens, and under which path the payment is answered. */
const opened: Record<string, { query: string; found: (answer: Answer) => unknown }> = {
  'transaction(by: { id })': {
    query: `query ($id: ID!) { transaction(by: { id: $id }) ${fields} }`,
    found: ({ data }) => data?.['transaction'],
  },
  node: {
    query: `query ($id: ID!) { node(id: $id) { ... on Transaction ${fields} } }`,
    found: ({ data }) => data?.['node'],
  },
  awaitPayment: {
    query: `query ($id: ID!) { awaitPayment(transactionId: $id, timeoutSeconds: 1) { transaction ${fields} } }`,
    found: ({ data }) => (data?.['awaitPayment'] as { transaction: unknown } | null)?.transaction,
  },
  paymentStatus: {
    query: `subscription ($id: ID!) { paymentStatus(transactionId: $id) { transaction ${fields} } }`,
    found: ({ data }) => (data?.['paymentStatus'] as { transaction: unknown } | null)?.transaction,
  },
};

/** What it does not open. Those who may would be answered. */
const forbidden: Record<string, { query: string; variables?: () => Record<string, unknown> }> = {
  transactions: { query: '{ transactions { nodes { id } } }' },
  nodes: { query: 'query ($id: ID!) { nodes(ids: [$id]) { id } }', variables: () => ({ id: payment.id }) },
  'nodes, of no id': { query: '{ nodes(ids: []) { id } }' },
  'transaction(by: { checkoutRequestId })': {
    query: 'query ($text: String!) { transaction(by: { checkoutRequestId: $text }) { id } }',
    variables: () => ({ text: payment.checkoutRequestId }),
  },
  'transaction(by: { merchantRequestId })': {
    query: '{ transaction(by: { merchantRequestId: "x" }) { id } }',
  },
  'transaction(by: { mpesaReceiptNumber })': {
    query: '{ transaction(by: { mpesaReceiptNumber: "x" }) { id } }',
  },
  'transaction(by: { idempotencyKey })': {
    query: 'query ($text: String!) { transaction(by: { idempotencyKey: $text }) { id } }',
    variables: () => ({ text: payment.idempotencyKey }),
  },
  apiKeys: { query: '{ apiKeys { nodes { id } } }' },
  initiateStkPush: {
    query: 'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { replayed } }',
    variables: () => ({ input: paymentInput() }),
  },
  createWatchToken: {
    query: 'mutation ($id: ID!) { createWatchToken(transactionId: $id) { watchToken } }',
    variables: () => ({ id: payment.id }),
  },
  resolveTransaction: {
    query:
      'mutation ($id: ID!) { resolveTransaction(id: $id, outcome: COMPLETED, reason: "x") { transaction { id } } }',
    variables: () => ({ id: payment.id }),
  },
  recheckTransaction: {
    query: 'mutation ($id: ID!) { recheckTransaction(id: $id) { transaction { id } } }',
    variables: () => ({ id: payment.id }),
  },
  clearAttention: {
    query: 'mutation ($id: ID!) { clearAttention(id: $id, reasons: [], reason: "x") { transaction { id } } }',
    variables: () => ({ id: payment.id }),
  },
  createApiKey: {
    query: `mutation { createApiKey(input: { clientName: "x", name: "x", scopes: ["admin"] }) { key } }`,
  },
  rotateApiKey: {
    query: 'mutation ($id: ID!) { rotateApiKey(id: $id) { key } }',
    variables: () => ({ id: keyId }),
  },
  revokeApiKey: {
    query: 'mutation ($id: ID!) { revokeApiKey(id: $id) { apiKey { id } } }',
    variables: () => ({ id: keyId }),
  },
};

const nobodys: Record<string, () => string> = {
  'another payment': () => foreignId,
  'no payment': () => btoa('Transaction:0192f0c1-2f3a-7000-8000-000000000000'),
  'a key': () => keyId,
  nothing: () => 'x',
};

const codes = ({ errors }: Answer) => errors.map(({ extensions }) => extensions.code);
const isMutation = (query: string) => query.startsWith('mutation');

describe.each(askings)('over $name, a watch token', ({ name, streams, ask }) => {
  const byGet = name.includes('GET');
  const ours = Object.entries(opened).filter(([, { query }]) => streams || !query.startsWith('subscription'));
  const theirs = Object.entries(forbidden).filter(([, { query }]) => !(byGet && isMutation(query)));

  it.each(ours)('opens %s, without what is not the payer’s', async (_, { query, found }) => {
    const answer = await ask(test, { query, variables: { id: payment.id }, credential: payment.watchToken });
    expect(answer.errors).toEqual([]);
    expect(found(answer)).toEqual({
      id: payment.id,
      status: 'AWAITING_PAYER',
      phoneNumber: '2547*****028',
      metadata: null,
      idempotencyKey: null,
      merchantRequestId: null,
      checkoutRequestId: null,
      timeline: null,
      accountReference: 'ORDER-1',
      amount: { formatted: 'KES 10.00' },
      payerMessage: expect.any(String) as string,
    });
  });

  it.each(ours)('finds nothing else by %s, whether or not it is there', async (_, { query }) => {
    const answers = await Promise.all(
      Object.values(nobodys).map((idOf) =>
        ask(test, { query, variables: { id: idOf() }, credential: payment.watchToken }),
      ),
    );
    const [first] = answers;
    const told = ({ data, errors }: Answer) => [data, errors.map(({ message, path }) => [message, path])];
    for (const answer of answers) expect(told(answer)).toEqual(told(first ?? answer));
    const isQuiet = query.includes('{ transaction(') || query.includes('{ node(');
    expect(answers.map(codes)).toEqual(answers.map(() => (isQuiet ? [] : ['NOT_FOUND'])));
  });

  it.each(theirs)('is FORBIDDEN at %s', async (_, { query, variables = () => ({}) }) => {
    const { prisma } = test;
    const count = async () => [await prisma.transaction.count(), await prisma.apiKey.count()];
    const before = await count();
    const answer = await ask(test, { query, variables: variables(), credential: payment.watchToken });
    expect(codes(answer)).toEqual(['FORBIDDEN']);
    expect(Object.values(answer.data ?? {}).every((value) => value === null)).toBe(true);
    expect(await count()).toEqual(before);
  });

  it('opens server', async () => {
    const { data } = await ask(test, {
      query: '{ server { environment } }',
      credential: payment.watchToken,
    });
    expect(data).toEqual({ server: { environment: 'SIMULATOR' } });
  });

  it.each<[string, number, boolean]>([
    ['in its last minute opens its payment', watchTokenLifeSeconds - 60, true],
    ['after its last second opens nothing', watchTokenLifeSeconds + 1, false],
  ])('%s', async (_, ageSeconds, opens) => {
    const madeAt = new Date(Date.now() - ageSeconds * 1000);
    const signing = deriveKey(new Masked(secret), 'watch-token');
    const { watchToken } = await makeWatchToken(signing, rowId(payment.id), madeAt);
    const asked = ask(test, { query: '{ server { environment } }', credential: watchToken });
    if (opens) expect((await asked).data).toEqual({ server: { environment: 'SIMULATOR' } });
    else if (name === 'WebSocket') await expect(asked).rejects.toMatchObject({ code: 4403 });
    else expect(codes(await asked)).toEqual(['UNAUTHENTICATED']);
  });
});

it('each of what is FORBIDDEN to a watch token is answered to a key', async () => {
  for (const { query, variables = () => ({}) } of Object.values(forbidden)) {
    const { errors } = await test.graphql(query, variables(), testKey);
    expect(errors).toEqual([]);
  }
});

it('every field of the schema is either opened to a watch token or not', async () => {
  const { data } = await test.graphql(
    '{ __schema { queryType { fields { name } } mutationType { fields { name } } } }',
  );
  const { queryType, mutationType } = data?.['__schema'] as Record<string, { fields: { name: string }[] }>;
  const all = [queryType, mutationType].flatMap((type) => type?.fields.map((field) => field.name) ?? []);
  const covered = [...Object.keys(opened), ...Object.keys(forbidden), 'server'].map((title) =>
    title.replace(/[(,].*$/, ''),
  );
  expect(all.filter((field) => !covered.includes(field))).toEqual([]);
});

it('a key is not taken from the address, where watch tokens may stand', async () => {
  const query = encodeURIComponent('{ server { version } }');
  const { status } = await fetch(`${test.url}/graphql?query=${query}&watchToken=${testKey}`);
  expect(status).toBe(401);
});
