import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paymentInput, testKey, TestApp, type GraphqlAnswer, type Initiated } from '../support/test-app.ts';

let test: TestApp;

beforeAll(async () => {
  test = await TestApp.start();
});
afterAll(() => test[Symbol.asyncDispose]());

const initiate = `mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) {
  transaction { id } watchToken watchTokenExpiresAt replayed
  userErrors { code message path retryable retryAfterSeconds } } }`;

/** Sent as written, so that what JSON.stringify would tidy up arrives. */
async function send(body: string): Promise<GraphqlAnswer> {
  const response = await fetch(`${test.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${testKey}` },
    body,
  });
  const { data = null, errors = [] } = (await response.json()) as Partial<GraphqlAnswer>;
  return { status: response.status, data, errors };
}

async function nothingWasStored(): Promise<void> {
  expect(await test.prisma.transaction.count()).toBe(0);
}

const callerCodes = ['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED', 'NOT_FOUND'];

/** An error that the caller can act on: with a code, a request id and a message that says something. */
function expectCallerErrors({ status, errors }: GraphqlAnswer): void {
  expect(status).toBeLessThan(500);
  expect(errors.length).toBeGreaterThan(0);
  for (const { message, extensions } of errors) {
    expect(callerCodes).toContain(extensions.code);
    expect(extensions.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(message.length).toBeGreaterThan(10);
    expect(message).not.toMatch(/Something went wrong|prisma|postgres|undefined/i);
  }
}

const oneMegabyte = 'x'.repeat(1024 * 1024);
const nul = 'a\0b';
const loneSurrogates = ['\ud800', 'a\udc00', '\udc00\ud800'];
const emoji = '🦁';
const rightToLeft = '\u202eabc';

type Hostile = { field: string; code: string; values: unknown[] };

/** Of the right type, and not to be taken. */
const hostile: Hostile[] = [
  {
    field: 'phoneNumber',
    code: 'INVALID_PHONE_NUMBER',
    values: [
      '',
      ' ',
      '0',
      '07123456789',
      '071234567',
      '254212345678',
      '255712345678',
      '+1 202 555 0143',
      '0712345678;0722345678',
      '٠٧١٢٣٤٥٦٧٨',
      '０７１２３４５６７８',
      '07123456７8',
      nul,
      `0712345678\0`,
      emoji,
      rightToLeft,
      ...loneSurrogates,
      "0712345678' or '1'='1",
      '0x2A5F5C0E',
      'NaN',
      '2.54712345678e11',
      '2'.repeat(10_000),
      '__proto__',
      'constructor',
    ],
  },
  {
    field: 'amount',
    code: 'INVALID_AMOUNT',
    values: [0, -0, -1, 250_001, 2_147_483_647, -2_147_483_648],
  },
  {
    field: 'accountReference',
    code: 'INVALID_ACCOUNT_REFERENCE',
    values: [
      '',
      ' ',
      '\t',
      'a\nb',
      '1234567890123',
      'a&b',
      '<b>',
      "a'b",
      nul,
      emoji,
      rightToLeft,
      'é',
      ...loneSurrogates,
      'x'.repeat(50_000),
      '\u00a0',
    ],
  },
  {
    field: 'description',
    code: 'INVALID_DESCRIPTION',
    values: ['', ' ', '12345678901234', 'a#b', 'a\r\nb', nul, emoji, rightToLeft, ...loneSurrogates, '$(id)'],
  },
  {
    field: 'idempotencyKey',
    code: 'INVALID_IDEMPOTENCY_KEY',
    values: ['', 'x'.repeat(256), nul, '\0', 'a\nb', '\u007f', ...loneSurrogates, 'x'.repeat(100_000)],
  },
  {
    field: 'metadata',
    code: 'INVALID_METADATA',
    values: [
      { text: 'x'.repeat(4_090) },
      { text: '🦁'.repeat(1_024) },
      { text: nul },
      { [nul]: 1 },
      { nested: [{ deep: ['\ud800'] }] },
      { '\udc00': 1 },
      Array.from({ length: 200 }).reduce<object>((inner) => ({ inner }), {}),
    ],
  },
];

describe('a payment is refused, with the code and the path of the field, for', () => {
  const cases = hostile.flatMap(({ field, code, values }) =>
    values.map((value) => ({ field, code, value, shown: JSON.stringify(value).slice(0, 40) })),
  );

  it.each(cases)('$field $shown', async ({ field, code, value }) => {
    const { status, data, errors } = await test.graphql(initiate, {
      input: paymentInput({ [field]: value }),
    });
    expect({ status, errors }).toEqual({ status: 200, errors: [] });
    const { userErrors, ...payload } = data?.['initiateStkPush'] as Initiated;
    expect(payload).toEqual({
      transaction: null,
      watchToken: null,
      watchTokenExpiresAt: null,
      replayed: false,
    });
    expect(userErrors).toEqual([
      {
        code,
        path: ['input', field],
        message: expect.stringMatching(/^[A-Z].{10,}\.$/),
        retryable: false,
        retryAfterSeconds: null,
      },
    ]);
    await nothingWasStored();
  });

  it('everything at once, in one answer', async () => {
    const input = Object.fromEntries(hostile.map(({ field, values }) => [field, values[0]]));
    const { data } = await test.graphql(initiate, { input });
    const { userErrors } = data?.['initiateStkPush'] as Initiated;
    expect(userErrors.map(({ code, path }) => ({ code, field: path[1] }))).toEqual(
      hostile.map(({ code, field }) => ({ code, field })),
    );
    await nothingWasStored();
  });
});

describe('a payment is refused, with an error that names the field, for', () => {
  const wrongTypes: Record<string, unknown[]> = {
    phoneNumber: [254712345678, true, ['0712345678'], { number: 1 }, null],
    amount: ['10', 'ten', '', 1.5, 1e300, 2 ** 31, -(2 ** 31) - 1, 1e-7, true, [10], {}, null],
    accountReference: [1, true, [], {}, null],
    description: [1, true, ['a'], {}],
    idempotencyKey: [1, true, [], {}, null],
    metadata: ['{}', 'text', 1, true, [1], []],
  };
  const cases = Object.entries(wrongTypes).flatMap(([field, values]) =>
    values.map((value) => ({ field, value, shown: JSON.stringify(value) })),
  );

  it.each(cases)('$field $shown', async ({ field, value }) => {
    const answer = await test.graphql(initiate, { input: paymentInput({ [field]: value }) });
    expectCallerErrors(answer);
    expect(answer.data).toBeNull();
    expect(answer.errors[0]?.message).toContain(field);
    expect(answer.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    await nothingWasStored();
  });

  it.each(['phoneNumber', 'amount', 'accountReference', 'idempotencyKey'])('a missing %s', async (field) => {
    const answer = await test.graphql(initiate, { input: paymentInput({ [field]: undefined }) });
    expectCallerErrors(answer);
    expect(answer.errors[0]?.message).toContain(field);
    await nothingWasStored();
  });

  it.each(['extra', 'amountCents', 'constructor', 'toString', 'hasOwnProperty'])(
    'a field that there is not: %s',
    async (field) => {
      const answer = await test.graphql(initiate, { input: paymentInput({ [field]: 1 }) });
      expectCallerErrors(answer);
      expect(answer.errors[0]?.message).toContain(field);
      await nothingWasStored();
    },
  );

  it('__proto__ as a field', async () => {
    const input = JSON.stringify(paymentInput()).replace('{', '{"__proto__":{"amount":1},');
    expectCallerErrors(await send(`{"query":${JSON.stringify(initiate)},"variables":{"input":${input}}}`));
    await nothingWasStored();
  });

  it.each(['null', '[]', '"text"', '7', '{}'])('an input of %s', async (input) => {
    expectCallerErrors(await send(`{"query":${JSON.stringify(initiate)},"variables":{"input":${input}}}`));
    await nothingWasStored();
  });

  it.each([
    ['a number too large for any', 'amount: 99999999999999999999'],
    ['a float', 'amount: 1.0'],
    ['a text', 'amount: "10"'],
    ['an enum', 'amount: TEN'],
    ['a list', 'amount: [10]'],
    ['null', 'amount: null'],
    ['the same field twice', 'amount: 10, amount: 11'],
    ['metadata that is a list', 'amount: 10, metadata: [1]'],
    ['metadata that is a text', 'amount: 10, metadata: "{}"'],
    ['a lone surrogate', 'amount: 10, description: "\\uD800"'],
  ])('%s, written into the document', async (_, fields) => {
    const answer = await test.graphql(
      `mutation { initiateStkPush(input: {
        phoneNumber: "0712345678", accountReference: "A", idempotencyKey: "literal", ${fields} }) { replayed } }`,
    );
    expectCallerErrors(answer);
    expect(answer.data).toBeNull();
    await nothingWasStored();
  });

  it.each(['phoneNumber', 'accountReference', 'description', 'idempotencyKey'])(
    'a %s of 1 MB, which is too large to be read',
    async (field) => {
      const answer = await test.graphql(initiate, { input: paymentInput({ [field]: oneMegabyte }) });
      expect(answer.status).toBe(413);
      expect(answer.errors[0]?.extensions.code).toBe('REQUEST_ENTITY_TOO_LARGE');
      await nothingWasStored();
    },
  );
});

const hostileTexts = [
  '',
  ' ',
  nul,
  '\0',
  ...loneSurrogates,
  emoji,
  rightToLeft,
  '%',
  '_',
  '\\',
  "'; drop table x",
  'x'.repeat(100_000),
  '__proto__',
  'constructor',
  '１２３',
];

describe('a look-up finds nothing, and fails at nothing, for', () => {
  const ways = ['id', 'checkoutRequestId', 'merchantRequestId', 'mpesaReceiptNumber', 'idempotencyKey'];

  it.each(ways)('a hostile %s', async (way) => {
    for (const text of hostileTexts) {
      const answer = await test.graphql('query ($by: TransactionLookup!) { transaction(by: $by) { id } }', {
        by: { [way]: text },
      });
      expect(answer).toEqual({ status: 200, data: { transaction: null }, errors: [] });
    }
  });

  it('a hostile id, by node, nodes, awaitPayment and createWatchToken', async () => {
    for (const id of [...hostileTexts, Buffer.from('Transaction:').toString('base64'), '====', '7']) {
      const { data, errors } = await test.graphql(
        `query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }`,
        { id },
      );
      expect({ data, errors }).toEqual({ data: { node: null, nodes: [null] }, errors: [] });
      const awaited = await test.graphql('query ($id: ID!) { awaitPayment(transactionId: $id) { status } }', {
        id,
      });
      expect(awaited.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
      const token = await test.graphql(
        'mutation ($id: ID!) { createWatchToken(transactionId: $id) { watchToken userErrors { code path } } }',
        { id },
      );
      expect(token.errors).toEqual([]);
      expect(token.data?.['createWatchToken']).toEqual({
        watchToken: null,
        userErrors: [{ code: 'NOT_FOUND', path: ['transactionId'] }],
      });
    }
  });
});

describe('a look-up is refused for', () => {
  it.each([
    ['no way to name the payment', {}],
    ['two ways', { id: 'a', idempotencyKey: 'b' }],
    ['null', { id: null }],
    ['null beside another', { id: 'a', idempotencyKey: null }],
    ['a way that there is not', { phoneNumber: '0712345678' }],
    ['an object', { id: {} }],
    ['a number for a text', { idempotencyKey: 7 }],
  ])('%s', async (_, by) => {
    const query = 'query ($by: TransactionLookup!) { transaction(by: $by) { id } }';
    expectCallerErrors(await test.graphql(query, { by }));
  });

  it.each([
    'node', // without its argument
    'node(id: null)',
    'node(id: 1.5)',
    'node(id: [])',
    'nodes(ids: null)',
    'nodes(ids: [null])',
    'nodes',
  ])('%s', async (field) => {
    expectCallerErrors(await test.graphql(`{ ${field} { id } }`));
  });

  it('more than 100 ids at once, and for no fewer', async () => {
    const nodes = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const ids = (count: number) => ({ ids: Array.from({ length: count }, () => 'x') });
    const answer = await test.graphql(nodes, ids(101));
    expectCallerErrors(answer);
    expect(answer.errors[0]).toMatchObject({ path: ['nodes'], extensions: { code: 'BAD_USER_INPUT' } });
    expect((await test.graphql(nodes, ids(100))).errors).toEqual([]);
    expect((await test.graphql(nodes, ids(0))).data).toEqual({ nodes: [] });
  });

  it.each([0, -1, 56, 2_147_483_647, -2_147_483_648])(
    'awaitPayment of %i seconds',
    async (timeoutSeconds) => {
      const id = await storedPayment();
      const answer = await test.graphql(
        'query ($id: ID!, $timeoutSeconds: Int) { awaitPayment(transactionId: $id, timeoutSeconds: $timeoutSeconds) { status } }',
        { id, timeoutSeconds },
      );
      expectCallerErrors(answer);
      expect(answer.errors[0]).toMatchObject({
        path: ['awaitPayment'],
        extensions: { code: 'BAD_USER_INPUT' },
      });
    },
  );

  it.each(['"1"', 1.5, true, 2 ** 31])(
    'awaitPayment of %s seconds, which is no number of them',
    async (timeoutSeconds) => {
      expectCallerErrors(
        await test.graphql(
          'query ($timeoutSeconds: Int) { awaitPayment(transactionId: "x", timeoutSeconds: $timeoutSeconds) { status } }',
          { timeoutSeconds },
        ),
      );
    },
  );
});

const list = `query ($where: TransactionWhere, $orderBy: TransactionOrder, $first: Int, $after: String, $last: Int, $before: String) {
  transactions(where: $where, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { id } } }`;

describe('a list finds nothing, and fails at nothing, for', () => {
  const empty = { status: 200, data: { transactions: { totalCount: 0, nodes: [] } }, errors: [] };

  it.each(['phoneNumber', 'mpesaReceiptNumber', 'accountReference'])('a hostile %s', async (field) => {
    for (const text of hostileTexts) {
      expect(await test.graphql(list, { where: { [field]: text } })).toEqual(empty);
    }
  });

  it('a hostile search', async () => {
    for (const text of hostileTexts.filter((hostile) => hostile.trim() !== '')) {
      expect(await test.graphql(list, { where: { search: text } })).toEqual(empty);
    }
  });

  it.each([
    { amountFrom: 2_147_483_647 },
    { amountTo: -2_147_483_648 },
    { amountTo: -1 },
    { amountFrom: 5, amountTo: 4 },
    { status: [] },
    { createdFrom: '9999-12-31T23:59:59.999999999Z' },
    { createdBefore: '0000-01-01T00:00:00Z' },
    { changedFrom: '9999-12-31T23:59:59Z' },
    { changedBefore: '0001-01-01T00:00:00Z' },
    { createdFrom: '2026-11-24T00:00:00Z', createdBefore: '2026-11-23T00:00:00Z' },
    { createdBefore: '1969-12-31T23:59:59Z' },
  ])('%o', async (where) => {
    expect(await test.graphql(list, { where })).toEqual(empty);
  });

  it.each([
    { amountFrom: -2_147_483_648 },
    { amountTo: 2_147_483_647 },
    { createdFrom: '0000-01-01T00:00:00Z' },
    { createdBefore: '9999-12-31T23:59:59Z' },
    { changedFrom: '0001-01-01T00:00:00Z' },
    { changedBefore: '9999-12-31T23:59:59Z' },
    { status: null, isFinal: null, needsAttention: null, search: null, phoneNumber: null, amountFrom: null },
  ])('nothing that %o lets through', async (where) => {
    const { status, errors } = await test.graphql(list, { where });
    expect({ status, errors }).toEqual({ status: 200, errors: [] });
  });
});

describe('a list is refused for', () => {
  it.each<Record<string, unknown>>([
    { first: 0 },
    { first: -1 },
    { first: 101 },
    { first: 2_147_483_647 },
    { first: -2_147_483_648 },
    { last: 0 },
    { last: -1 },
    { last: 101 },
    { first: 1, last: 1 },
    { first: 1, after: '' },
    { after: 'x' },
    { after: nul },
    { after: '\ud800' },
    { before: emoji },
    { before: Buffer.from('after:').toString('base64url') },
    { before: Buffer.from('after:0192f0c1').toString('base64url') },
    { after: Buffer.from('Transaction:0192f0c1-2f3a-7000-8000-000000000000').toString('base64') },
    { after: Buffer.from("after:0192f0c1-2f3a-7000-8000-000000000000' or 1=1").toString('base64url') },
    { after: 'x'.repeat(100_000) },
  ])('$first $last $after $before', async (variables) => {
    const answer = await test.graphql(list, variables);
    expectCallerErrors(answer);
    expect(answer.errors[0]).toMatchObject({
      path: ['transactions'],
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect(answer.errors[0]?.message).toMatch(/first|last|after|before/);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an enormous size', { first: 2 ** 31 }],
    ['a size that is a text', { first: '1' }],
    ['a cursor that is a number', { after: 1 }],
    ['an order that there is not', { orderBy: 'RANDOM' }],
    ['a status that there is not', { where: { status: ['PAID'] } }],
    ['a status that is null', { where: { status: [null] } }],
    ['an amount that is a float', { where: { amountFrom: 0.5 } }],
    ['a text that is a number', { where: { search: 254 } }],
    ['a condition that there is not', { where: { id: 'x' } }],
    ['a prototype', { where: { constructor: {} } }],
    ['a date that is none', { where: { createdFrom: 'yesterday' } }],
    ['a date without an offset', { where: { createdFrom: '2026-11-24T00:00:00' } }],
    ['a day alone', { where: { createdFrom: '2026-11-24' } }],
    ['a month that there is not', { where: { createdFrom: '2026-13-01T00:00:00Z' } }],
    ['a day that there is not', { where: { createdFrom: '2026-02-30T00:00:00Z' } }],
    ['an hour that there is not', { where: { changedBefore: '2026-11-24T25:00:00Z' } }],
    ['a year beyond all', { where: { createdFrom: '+275760-09-13T00:00:00Z' } }],
    ['a year before all', { where: { changedFrom: '-000001-01-01T00:00:00Z' } }],
    ['a date with NUL', { where: { createdFrom: '2026-11-24T00:00:00Z\0' } }],
    ['a date that is a number', { where: { createdFrom: 1_764_000_000 } }],
    ['a date that is an empty text', { where: { createdFrom: '' } }],
  ])('%s', async (_, variables) => {
    const answer = await test.graphql(list, variables);
    expectCallerErrors(answer);
    expect(answer.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('a document is refused, and breaks nothing, that is', () => {
  it.each([
    ['empty', ''],
    ['blank', ' \n'],
    ['no GraphQL', '}{'],
    ['cut', '{ server {'],
    ['of NUL', '\0'],
    ['of a field that there is not', '{ nope }'],
    ['of two operations without a name', 'query A { server { version } } query B { server { version } }'],
    ['without an operation', 'fragment F on Query { server { version } }'],
    ['a circle of fragments', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'],
    ['nested without end', `${'{ a '.repeat(20_000)}${'}'.repeat(20_000)}`],
    ['a list within a list without end', `{ nodes(ids: ${'['.repeat(30_000)}${']'.repeat(30_000)}) { id } }`],
    [
      'metadata nested without end',
      `mutation { initiateStkPush(input: { phoneNumber: "0712345678", amount: 1, accountReference: "A",
        idempotencyKey: "deep", metadata: ${'{a:'.repeat(20_000)}1${'}'.repeat(20_000)} }) { replayed } }`,
    ],
  ])('%s', async (_, query) => {
    const { status, errors } = await test.graphql(query);
    expect(status).toBeLessThan(500);
    expect(errors.length).toBeGreaterThan(0);
    for (const { extensions } of errors) expect(extensions.code).not.toBe('INTERNAL_SERVER_ERROR');
    expect((await test.graphql('{ server { version } }')).errors).toEqual([]);
    await noneKeyed('deep');
  });

  it('one with metadata nested without end in its variables', async () => {
    const deep = `${'{"a":'.repeat(15_000)}1${'}'.repeat(15_000)}`;
    const input = JSON.stringify(paymentInput({ idempotencyKey: 'deep' })).replace(
      /}$/,
      `,"metadata":${deep}}`,
    );
    const answer = await send(`{"query":${JSON.stringify(initiate)},"variables":{"input":${input}}}`);
    expect(answer.status).toBe(200);
    expect((answer.data?.['initiateStkPush'] as Initiated).userErrors).toMatchObject([
      { code: 'INVALID_METADATA', path: ['input', 'metadata'] },
    ]);
    await noneKeyed('deep');
  });
});

async function noneKeyed(idempotencyKey: string): Promise<void> {
  expect(await test.prisma.transaction.count({ where: { idempotencyKey } })).toBe(0);
}

let stored: Promise<string> | undefined;

/** Made by the first test that needs one, after those that count payments. */
function storedPayment(): Promise<string> {
  stored ??= test.pay();
  return stored;
}
