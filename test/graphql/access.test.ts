import { createSecretKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hashOfKey } from '../../src/access/keys/hash-of-key.ts';
import type { Scope } from '../../src/access/scopes.ts';
import { makeWatchToken } from '../../src/access/watch-token.ts';
import { issueKey, type IssuedKey } from '../support/keys.ts';
import { paymentInput, reservedPayer, rowId, testKey, TestApp } from '../support/test-app.ts';

type Made = { id: string; watchToken: string; checkoutRequestId: string; idempotencyKey: string };

let test: TestApp;
/** A shop's server, as most are set up. */
let shop: IssuedKey;
let otherShop: IssuedKey;
let payment: Made;
let foreign: Made;

beforeAll(async () => {
  test = await TestApp.start();
  shop = await issueKey(test.prisma, ['payments:initiate', 'payments:read']);
  otherShop = await issueKey(test.prisma, ['payments:initiate', 'payments:read']);
  payment = await make(shop.key);
  foreign = await make(otherShop.key);
});
afterAll(() => test[Symbol.asyncDispose]());

const initiate = `mutation ($input: InitiateStkPushInput!) {
  initiateStkPush(input: $input) {
    transaction { id checkoutRequestId idempotencyKey phoneNumber } watchToken userErrors { code }
  } }`;

async function make(key: string): Promise<Made> {
  const input = paymentInput({ phoneNumber: reservedPayer(28), metadata: { order: 7 } });
  const { data } = await test.graphql(initiate, { input }, key);
  const { transaction, watchToken } = data?.['initiateStkPush'] as { transaction: Made; watchToken: string };
  return { ...transaction, watchToken };
}

const fields = `id status phoneNumber metadata idempotencyKey merchantRequestId checkoutRequestId
  timeline { sequence } accountReference amount { formatted } payerMessage`;

const byId = `query ($id: ID!) { found: transaction(by: { id: $id }) { ${fields} } }`;
const node = `query ($id: ID!) { found: node(id: $id) { id ... on Transaction { ${fields} } } }`;
const awaited = `query ($id: ID!) { found: awaitPayment(transactionId: $id, timeoutSeconds: 1) {
  status transaction { ${fields} } } }`;

const unknownIds = {
  'an unknown payment': () =>
    Buffer.from('Transaction:0192f0c1-2f3a-7000-8000-000000000000').toString('base64'),
  'another client’s payment': () => foreign.id,
  'a malformed id': () => 'x',
  'an empty id': () => '',
  'the bare id of a row': () => rowId(payment.id),
  'the id of another type': () => Buffer.from(`Client:${rowId(payment.id)}`).toString('base64'),
  'an id with something behind it': () =>
    Buffer.from(`Transaction:${rowId(payment.id)}' or 1=1`).toString('base64'),
  'an id that ends in NUL': () => Buffer.from(`Transaction:${rowId(payment.id)}\0`).toString('base64'),
};

describe('a watch token', () => {
  const masked = {
    phoneNumber: '2547*****028',
    metadata: null,
    idempotencyKey: null,
    merchantRequestId: null,
    checkoutRequestId: null,
    timeline: null,
    accountReference: 'ORDER-1',
    amount: { formatted: 'KES 10.00' },
    payerMessage: expect.any(String) as string,
  };

  it.each([
    ['transaction(by: { id })', byId],
    ['node', node],
  ])('opens its payment through %s, without what is not the payer’s', async (_, document) => {
    const { data, errors } = await test.graphql(document, { id: payment.id }, payment.watchToken);
    expect(errors).toEqual([]);
    expect(data?.['found']).toEqual({ id: payment.id, status: 'AWAITING_PAYER', ...masked });
  });

  it('opens awaitPayment, without what is not the payer’s', async () => {
    const { data, errors } = await test.graphql(awaited, { id: payment.id }, payment.watchToken);
    expect(errors).toEqual([]);
    expect(data?.['found']).toEqual({
      status: 'AWAITING_PAYER',
      transaction: { id: payment.id, status: 'AWAITING_PAYER', ...masked },
    });
  });

  it('opens paymentStatus, without what is not the payer’s', async () => {
    const client = test.socket(payment.watchToken);
    const stream = client.iterate({
      query: `subscription ($id: ID!) { paymentStatus(transactionId: $id) { status transaction { ${fields} } } }`,
      variables: { id: payment.id },
    });
    const { value } = await stream.next();
    await client.dispose();
    expect(value).toEqual({
      data: {
        paymentStatus: {
          status: 'AWAITING_PAYER',
          transaction: { id: payment.id, status: 'AWAITING_PAYER', ...masked },
        },
      },
    });
  });

  it('opens server', async () => {
    const { data } = await test.graphql('{ server { environment version now } }', {}, payment.watchToken);
    expect(data).toMatchObject({ server: { environment: 'SIMULATOR', now: expect.any(String) } });
  });

  it.each([
    ['transactions', '{ transactions { totalCount } }'],
    ['nodes', `query ($id: ID!) { nodes(ids: [$id]) { id } }`],
    [
      'transaction by checkoutRequestId',
      'query ($c: String!) { transaction(by: { checkoutRequestId: $c }) { id } }',
    ],
    ['transaction by merchantRequestId', '{ transaction(by: { merchantRequestId: "x" }) { id } }'],
    ['transaction by mpesaReceiptNumber', '{ transaction(by: { mpesaReceiptNumber: "x" }) { id } }'],
    ['transaction by idempotencyKey', '{ transaction(by: { idempotencyKey: "x" }) { id } }'],
    ['createWatchToken', 'mutation ($id: ID!) { createWatchToken(transactionId: $id) { watchToken } }'],
    ['initiateStkPush', initiate],
  ])('is FORBIDDEN at %s', async (_, document) => {
    const before = await test.prisma.transaction.count();
    const used: Record<string, unknown> = {
      ...(document.includes('$id') ? { id: payment.id } : {}),
      ...(document.includes('$c') ? { c: payment.checkoutRequestId } : {}),
      ...(document.includes('$input') ? { input: paymentInput() } : {}),
    };
    const { errors, data } = await test.graphql(document, used, payment.watchToken);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    expect(errors[0]?.extensions.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.values(data ?? {}).every((value) => value === null)).toBe(true);
    expect(await test.prisma.transaction.count()).toBe(before);
  });

  it.each(Object.entries(unknownIds))('finds nothing for %s', async (_, idOf) => {
    const id = idOf();
    for (const document of [byId, node]) {
      const { data, errors } = await test.graphql(document, { id }, payment.watchToken);
      expect({ data, errors }).toEqual({ data: { found: null }, errors: [] });
    }
    const { errors } = await test.graphql(awaited, { id }, payment.watchToken);
    expect(errors).toMatchObject([
      { message: 'There is no such transaction.', extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  it.each([
    [
      'one of another server',
      () => makeWatchToken(createSecretKey(Buffer.alloc(32)), rowId(payment.id), new Date()),
    ],
    [
      'an expired one',
      () => makeWatchToken(createSecretKey(Buffer.alloc(32)), rowId(payment.id), new Date('2026-01-01')),
    ],
    [
      'one whose signature was touched',
      async () => ({ watchToken: `${payment.watchToken.slice(0, -3)}AAA` }),
    ],
    [
      'one that claims to need no signature',
      async () => {
        const [, claims] = payment.watchToken.split('.');
        const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
        return { watchToken: `${header}.${claims ?? ''}.` };
      },
    ],
  ])('that is %s opens nothing', async (_, forge) => {
    const { watchToken } = await forge();
    const { status, errors } = await test.graphql('{ server { version } }', {}, watchToken);
    expect(status).toBe(401);
    expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  it('can be had again by the client of the payment, and by nobody else', async () => {
    const document = `mutation ($id: ID!) { createWatchToken(transactionId: $id) {
      watchToken watchTokenExpiresAt userErrors { code path } } }`;
    const { data } = await test.graphql(document, { id: payment.id }, shop.key);
    const { watchToken, watchTokenExpiresAt, userErrors } = data?.['createWatchToken'] as {
      watchToken: string;
      watchTokenExpiresAt: string;
      userErrors: unknown[];
    };
    expect(userErrors).toEqual([]);
    const hours = (Date.parse(watchTokenExpiresAt) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
    expect((await test.graphql(byId, { id: payment.id }, watchToken)).data?.['found']).not.toBeNull();
    for (const idOf of Object.values(unknownIds)) {
      const refused = await test.graphql(document, { id: idOf() }, shop.key);
      expect(refused.data?.['createWatchToken']).toEqual({
        watchToken: null,
        watchTokenExpiresAt: null,
        userErrors: [{ code: 'NOT_FOUND', path: ['transactionId'] }],
      });
    }
  });
});

describe('a key', () => {
  const keyWith = async (...scopes: Scope[]) => (await issueKey(test.prisma, scopes)).key;

  it('of a client sees that client’s payment whole', async () => {
    const { data } = await test.graphql(byId, { id: payment.id }, shop.key);
    expect(data?.['found']).toMatchObject({
      phoneNumber: reservedPayer(28),
      metadata: { order: 7 },
      idempotencyKey: payment.idempotencyKey,
      checkoutRequestId: payment.checkoutRequestId,
      timeline: [{ sequence: 1 }, { sequence: 2 }],
    });
  });

  it.each(Object.entries(unknownIds))('finds nothing for %s', async (_, idOf) => {
    const id = idOf();
    for (const document of [byId, node]) {
      const { data, errors } = await test.graphql(document, { id }, shop.key);
      expect({ data, errors }).toEqual({ data: { found: null }, errors: [] });
    }
    const { errors } = await test.graphql(awaited, { id }, shop.key);
    expect(errors).toMatchObject([
      { message: 'There is no such transaction.', extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  it('sees its client’s payments alone, by whatever they are looked up', async () => {
    const row = await test.prisma.transaction.findUniqueOrThrow({ where: { id: rowId(foreign.id) } });
    const { data, errors } = await test.graphql(
      `query ($c: String!, $m: String!, $k: String!, $ids: [ID!]!) {
        checkout: transaction(by: { checkoutRequestId: $c }) { id }
        merchant: transaction(by: { merchantRequestId: $m }) { id }
        key: transaction(by: { idempotencyKey: $k }) { id }
        nodes(ids: $ids) { id }
        transactions(where: { search: $k }) { totalCount nodes { id } }
        all: transactions { totalCount nodes { id } }
      }`,
      {
        c: foreign.checkoutRequestId,
        m: row.merchantRequestId,
        k: foreign.idempotencyKey,
        ids: [payment.id, foreign.id, payment.id, 'x'],
      },
      shop.key,
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      checkout: null,
      merchant: null,
      key: null,
      nodes: [{ id: payment.id }, null, { id: payment.id }, null],
      transactions: { totalCount: 0, nodes: [] },
      all: { totalCount: 1, nodes: [{ id: payment.id }] },
    });
  });

  it('with payments:read alone cannot ask for money, nor for a watch token', async () => {
    const key = await keyWith('payments:read');
    const before = await test.prisma.transaction.count();
    for (const [document, variables] of [
      [initiate, { input: paymentInput() }],
      ['mutation ($id: ID!) { createWatchToken(transactionId: $id) { watchToken } }', { id: payment.id }],
    ] as const) {
      const { errors } = await test.graphql(document, variables, key);
      expect(errors).toMatchObject([
        { message: expect.stringContaining('payments:initiate'), extensions: { code: 'FORBIDDEN' } },
      ]);
    }
    expect(await test.prisma.transaction.count()).toBe(before);
  });

  it.each<[string, Scope[]]>([
    ['payments:initiate', ['payments:initiate']],
    ['metrics', ['metrics']],
    ['admin', ['admin']],
    ['no scope', []],
  ])('with %s alone sees no payment', async (_, scopes) => {
    const key = await keyWith(...scopes);
    for (const document of [byId, node, awaited, 'query ($id: ID!) { nodes(ids: [$id]) { id } }']) {
      const { errors } = await test.graphql(document, { id: payment.id }, key);
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
    }
    const list = await test.graphql('{ transactions { totalCount } }', {}, key);
    expect(list.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const socket = test.socket(key);
    const stream = socket.iterate({
      query: 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { status } }',
      variables: { id: payment.id },
    });
    const { value } = await stream.next();
    await socket.dispose();
    expect(value?.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it('with payments:initiate alone has the answer to its own request, and may watch by its token', async () => {
    const key = await keyWith('payments:initiate');
    const made = await make(key);
    expect(made).toMatchObject({ phoneNumber: reservedPayer(28), checkoutRequestId: expect.any(String) });
    expect((await test.graphql(byId, { id: made.id }, made.watchToken)).data?.['found']).not.toBeNull();
  });

  it('with payments:manage sees every client’s payments, whole', async () => {
    const key = await keyWith('payments:manage');
    for (const { id } of [payment, foreign]) {
      const { data } = await test.graphql(byId, { id }, key);
      expect(data?.['found']).toMatchObject({ id, phoneNumber: reservedPayer(28), metadata: { order: 7 } });
    }
    const { data } = await test.graphql('{ transactions(first: 100) { totalCount nodes { id } } }', {}, key);
    const { totalCount, nodes } = data?.['transactions'] as { totalCount: number; nodes: { id: string }[] };
    expect(totalCount).toBe(await test.prisma.transaction.count());
    expect(nodes.map(({ id }) => id)).toEqual(expect.arrayContaining([payment.id, foreign.id]));
  });

  it('with payments:manage looks up idempotency keys within its own client', async () => {
    const key = await keyWith('payments:manage');
    const { data, errors } = await test.graphql(
      'query ($k: String!) { transaction(by: { idempotencyKey: $k }) { id } }',
      { k: payment.idempotencyKey },
      key,
    );
    expect({ data, errors }).toEqual({ data: { transaction: null }, errors: [] });
  });

  it('that is another one of the same client sees the same payments', async () => {
    const { key } = await issueKey(test.prisma, ['payments:read'], { clientId: shop.clientId });
    const { data } = await test.graphql(byId, { id: payment.id }, key);
    expect(data?.['found']).toMatchObject({ idempotencyKey: payment.idempotencyKey });
  });

  it.each<[string, { expiresAt?: Date; revokedAt?: Date }]>([
    ['revoked', { revokedAt: new Date(Date.now() - 1_000) }],
    ['expired', { expiresAt: new Date(Date.now() - 1_000) }],
  ])('that is %s opens nothing, over HTTP and over a socket', async (_, columns) => {
    const { key } = await issueKey(test.prisma, ['payments:manage', 'admin'], columns);
    const { status, errors } = await test.graphql('{ server { version } }', {}, key);
    expect(status).toBe(401);
    expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    const socket = test.socket(key);
    const stream = socket.iterate({ query: '{ server { version } }' });
    await expect(stream.next()).rejects.toMatchObject({ code: 4403 });
    await socket.dispose();
  });

  it('is refused from the moment it is revoked', async () => {
    const { key } = await issueKey(test.prisma, ['payments:read']);
    expect((await test.graphql('{ server { version } }', {}, key)).status).toBe(200);
    await test.prisma.apiKey.update({
      where: { keyHash: hashOfKey(key) },
      data: { revokedAt: new Date(Date.now() - 1_000) },
    });
    await vi.waitFor(async () =>
      expect((await test.graphql('{ server { version } }', {}, key)).status).toBe(401),
    );
  });

  it('of the configuration sees everything', async () => {
    const { data } = await test.graphql(byId, { id: foreign.id }, testKey);
    expect(data?.['found']).toMatchObject({ phoneNumber: reservedPayer(28) });
  });
});
