import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../src/database/open-database.ts';
import { answerWith, startScriptedServer } from '../daraja/support/scripted-daraja.ts';
import { issueKey } from '../support/keys.ts';
import { pushesSent } from '../support/simulator.ts';
import { paymentInput, reservedPayer, rowId, testKey, TestApp, type Initiated } from '../support/test-app.ts';
import { databases, postgresAt, postgresql } from '../support/test-database.ts';

const initiate = `mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) {
  transaction { id status metadata } watchToken replayed userErrors { code path retryable } } }`;

type Answered = Initiated & { transaction: { metadata: unknown } | null };

async function ask(test: TestApp, input: object, key = testKey): Promise<Answered> {
  const { data, errors } = await test.graphql(initiate, { input }, key);
  if (data === null) throw new Error(JSON.stringify(errors));
  return data['initiateStkPush'] as Answered;
}

describe.each(databases.filter(({ available }) => available))('one key on the $name database', (database) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start({ databases: database });
  });
  afterAll(() => test[Symbol.asyncDispose]());

  it('is one push and one payment, whoever asks first of 20 at once', async () => {
    const before = await pushesSent(test);
    const input = paymentInput();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(test, input)));

    expect(new Set(answers.map(({ transaction }) => transaction?.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(answers.flatMap(({ userErrors }) => userErrors)).toEqual([]);
    for (const { watchToken } of answers) expect(watchToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    const { idempotencyKey } = input as { idempotencyKey: string };
    expect(await test.prisma.transaction.count({ where: { idempotencyKey } })).toBe(1);
    const first = answers.find(({ replayed }) => !replayed);
    expect(first?.transaction?.status).toBe('AWAITING_PAYER');
    expect(await pushesSent(test)).toBe(before + 1);
  });

  it('is one push for each, of many at once', async () => {
    const before = await pushesSent(test);
    const inputs = Array.from({ length: 5 }, () => paymentInput());
    const answers = await Promise.all([...inputs, ...inputs, ...inputs].map((input) => ask(test, input)));
    expect(new Set(answers.map(({ transaction }) => transaction?.id)).size).toBe(5);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(5);
    expect(await pushesSent(test)).toBe(before + 5);
  });

  it.each([
    ['amount', { amount: 11 }],
    ['payer', { phoneNumber: '0722345678' }],
    ['reference', { accountReference: 'ORDER-2' }],
    ['description', { description: 'Shoes' }],
    ['metadata', { metadata: { order: 8 } }],
    ['lack of metadata', { metadata: null }],
  ])('is refused for another %s', async (_, changes) => {
    const input = paymentInput({ metadata: { order: 7 } });
    const first = await ask(test, input);
    const before = await pushesSent(test);
    expect(await ask(test, { ...input, ...changes })).toEqual({
      transaction: null,
      watchToken: null,
      replayed: false,
      userErrors: [{ code: 'IDEMPOTENCY_KEY_REUSED', path: ['input', 'idempotencyKey'], retryable: false }],
    });
    expect(await pushesSent(test)).toBe(before);
    expect(await ask(test, input)).toMatchObject({
      replayed: true,
      transaction: { id: first.transaction?.id },
    });
  });

  it.each([
    ['the phone number', { phoneNumber: '0712345678' }, { phoneNumber: '+254 712-345-678' }],
    ['the description, which is the reference by default', {}, { description: 'ORDER-1' }],
    ['no description, as null', {}, { description: null }],
    ['no metadata, as null', {}, { metadata: null }],
    [
      'metadata, in another order',
      { metadata: { a: 1, b: { c: [1, 2], d: 'x' } } },
      { metadata: { b: { d: 'x', c: [1, 2] }, a: 1.0 } },
    ],
  ])('is a replay for the same request with another way of writing %s', async (_, once, again) => {
    const input = paymentInput(once);
    const first = await ask(test, input);
    const before = await pushesSent(test);
    const second = await ask(test, { ...input, ...again });
    expect(second).toMatchObject({
      replayed: true,
      userErrors: [],
      transaction: { id: first.transaction?.id },
    });
    expect(second.transaction?.metadata).toEqual(first.transaction?.metadata);
    expect(await pushesSent(test)).toBe(before);
  });

  it.each([
    ['lists in another order', { metadata: { a: [1, 2] } }, { metadata: { a: [2, 1] } }],
    ['a number written as text', { metadata: { a: 1 } }, { metadata: { a: '1' } }],
    ['null where there was nothing', { metadata: {} }, { metadata: { a: null } }],
  ])('is refused for metadata with %s', async (_, once, again) => {
    const input = paymentInput(once);
    await ask(test, input);
    const { userErrors } = await ask(test, { ...input, ...again });
    expect(userErrors).toMatchObject([{ code: 'IDEMPOTENCY_KEY_REUSED' }]);
  });

  it.each([
    ['in its last letter', (key: string) => `${key}x`],
    ['in case', (key: string) => key.toUpperCase()],
    ['by a space at the end', (key: string) => `${key} `],
  ])('that differs %s is another payment', async (_, other) => {
    const input = paymentInput();
    const first = await ask(test, input);
    const second = await ask(test, { ...input, idempotencyKey: other(String(input['idempotencyKey'])) });
    expect(second.replayed).toBe(false);
    expect(second.transaction?.id).not.toBe(first.transaction?.id);
  });

  it('is not used up by a request that is refused', async () => {
    const input = paymentInput();
    const refused = await ask(test, { ...input, amount: 0 });
    expect(refused).toMatchObject({ transaction: null, userErrors: [{ code: 'INVALID_AMOUNT' }] });
    const wrongType = await test.graphql(initiate, { input: { ...input, amount: 'ten' } });
    expect(wrongType.errors).toHaveLength(1);
    expect(await ask(test, input)).toMatchObject({
      replayed: false,
      transaction: { id: expect.any(String) },
    });
  });

  it('says again what came of it, also when Daraja refused it', async () => {
    const input = paymentInput({ phoneNumber: reservedPayer(21) });
    const first = await ask(test, input);
    expect(first).toMatchObject({ transaction: { status: 'FAILED' }, userErrors: [] });
    const before = await pushesSent(test);
    expect(await ask(test, input)).toMatchObject({
      replayed: true,
      transaction: { id: first.transaction?.id, status: 'FAILED' },
      userErrors: [],
    });
    expect(await pushesSent(test)).toBe(before);
  });

  it('of two clients is two payments', async () => {
    const one = await issueKey(test.prisma, ['payments:initiate', 'payments:read']);
    const two = await issueKey(test.prisma, ['payments:initiate', 'payments:read']);
    const input = paymentInput();
    const before = await pushesSent(test);
    const answers = await Promise.all([ask(test, input, one.key), ask(test, input, two.key)]);
    expect(answers.map(({ replayed }) => replayed)).toEqual([false, false]);
    const ids = answers.map(({ transaction }) => transaction?.id);
    expect(new Set(ids).size).toBe(2);
    expect(await pushesSent(test)).toBe(before + 2);
    const lookup = 'query ($k: String!) { transaction(by: { idempotencyKey: $k }) { id } }';
    for (const [index, { key }] of [one, two].entries()) {
      const { data } = await test.graphql(lookup, { k: input['idempotencyKey'] }, key);
      expect(data).toEqual({ transaction: { id: ids[index] } });
    }
  });

  it('of two keys of one client is one payment', async () => {
    const one = await issueKey(test.prisma, ['payments:initiate']);
    const two = await issueKey(test.prisma, ['payments:initiate'], { clientId: one.clientId });
    const input = paymentInput();
    const first = await ask(test, input, one.key);
    expect(await ask(test, input, two.key)).toMatchObject({
      replayed: true,
      transaction: { id: first.transaction?.id },
    });
  });
});

describe.each(databases.filter(({ available }) => available))('a push on the $name database', (database) => {
  it('goes on when its client goes away, and its repeat neither waits for it nor sends another', async () => {
    let accept = () => {};
    await using daraja = await startScriptedServer((response, { url }) => {
      if (url.startsWith('/oauth/'))
        return answerWith(200, { access_token: 'a-token', expires_in: '3599' })(response, {
          method: '',
          url,
          headers: {},
          body: '',
        });
      accept = () =>
        void response.end(
          JSON.stringify({
            MerchantRequestID: 'm-1',
            CheckoutRequestID: 'ws_CO_1',
            ResponseCode: '0',
            ResponseDescription: 'Success',
            CustomerMessage: 'Success',
          }),
        );
    });
    await using test = await TestApp.start({ databases: database, env: { MPESA_BASE_URL: daraja.url } });
    const pushes = () => daraja.received.filter(({ url }) => url.includes('/stkpush/'));
    const client = new AbortController();
    const input = paymentInput();
    const gone = fetch(`${test.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${testKey}` },
      body: JSON.stringify({ query: initiate, variables: { input } }),
      signal: client.signal,
    });
    await vi.waitFor(() => expect(pushes()).toHaveLength(1));
    client.abort();
    await expect(gone).rejects.toThrow('aborted');

    const repeated = await ask(test, input);
    expect(repeated).toMatchObject({ replayed: true, transaction: { status: 'REQUESTED' } });
    accept();
    const id = repeated.transaction?.id ?? '';
    await vi.waitFor(async () =>
      expect(await test.read(id)).toMatchObject({ status: 'AWAITING_PAYER', checkoutRequestId: 'ws_CO_1' }),
    );
    expect(await ask(test, input)).toMatchObject({
      replayed: true,
      transaction: { status: 'AWAITING_PAYER' },
    });
    expect(pushes()).toHaveLength(1);
  });
});

describe.skipIf(!postgresql.available)('two servers on one PostgreSQL', () => {
  it('make one push of one key, whichever of them is asked', async () => {
    const shared = await postgresql.open();
    const { url } = shared;
    if (url === undefined) throw new Error('It has a URL');
    const secret = { MALIPO_SECRET: 'one-secret-of-all-processes-of-the-test' };
    await using one = await TestApp.start({
      databases: { ...postgresql, open: async () => shared },
      env: secret,
    });
    await using two = await TestApp.start({
      databases: { ...postgresql, open: () => openDatabase(postgresAt(url)) },
      env: { ...secret, MPESA_BASE_URL: one.app.simulatorUrl ?? '' },
    });
    for (let round = 1; round <= 5; round += 1) {
      const input = paymentInput({ phoneNumber: reservedPayer(28) });
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => ask(index % 2 === 0 ? one : two, input)),
      );
      expect(new Set(answers.map(({ transaction }) => transaction?.id)).size).toBe(1);
      expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await pushesSent(one)).toBe(round);
      const [first] = answers;
      expect(
        await one.prisma.attempt.count({ where: { transactionId: rowId(first?.transaction?.id ?? '') } }),
      ).toBe(1);
    }
  });
});
