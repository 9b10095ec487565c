import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Scope } from '../../src/access/scopes.ts';
import { storePayment } from '../support/payments.ts';
import { issueKey, type IssuedKey } from '../support/keys.ts';
import { reservedPayer, rowId, TestApp } from '../support/test-app.ts';

let test: TestApp;
let shop: IssuedKey;
let staff: IssuedKey;

beforeAll(async () => {
  test = await TestApp.start({ config: { ladderMs: [600_000] } });
  shop = await issueKey(test.prisma, ['payments:initiate', 'payments:read']);
  staff = await issueKey(test.prisma, ['payments:manage']);
});
afterAll(() => test[Symbol.asyncDispose]());

const result = '{ transaction { id status sequence attention } userErrors { code message path retryable } }';
const documents = {
  resolveTransaction: `mutation ($id: ID!, $reason: String = "On the statement.") {
    done: resolveTransaction(id: $id, outcome: COMPLETED, reason: $reason) ${result} }`,
  recheckTransaction: `mutation ($id: ID!) { done: recheckTransaction(id: $id) ${result} }`,
  clearAttention: `mutation ($id: ID!, $reason: String = "Seen.") {
    done: clearAttention(id: $id, reasons: [STILL_OPEN], reason: $reason) ${result} }`,
};
const operations = Object.keys(documents) as (keyof typeof documents)[];

type Done = {
  transaction: { id: string; status: string; sequence: number; attention: string[] } | null;
  userErrors: { code: string; message: string; path: string[]; retryable: boolean }[];
};

async function operate(name: keyof typeof documents, variables: object, key = staff.key): Promise<Done> {
  const { data, errors } = await test.graphql(documents[name], { ...variables }, key);
  expect(errors).toEqual([]);
  return data?.['done'] as Done;
}

const globalId = (id: string) => Buffer.from(`Transaction:${id}`).toString('base64');

async function storeUnconfirmed(): Promise<string> {
  const columns = { clientId: shop.clientId, attention: ['STILL_OPEN' as const] };
  const { id } = await storePayment(test.prisma, {
    ...columns,
    status: 'UNCONFIRMED',
    checkoutRequestId: null,
  });
  return globalId(id);
}

describe.each(operations)('%s', (name) => {
  it.each<[string, Scope[]]>([
    ['without a scope', []],
    ['with every scope but payments:manage', ['payments:initiate', 'payments:read', 'metrics', 'admin']],
  ])('is FORBIDDEN to a key %s, of its own payment too', async (_, scopes) => {
    const { key } = await issueKey(test.prisma, scopes, { clientId: shop.clientId });
    const id = await storeUnconfirmed();
    const { data, errors } = await test.graphql(documents[name], { id }, key);
    expect(errors).toMatchObject([{ path: ['done'], extensions: { code: 'FORBIDDEN' } }]);
    expect(data).toEqual({ done: null });
    expect(await test.prisma.transaction.findUnique({ where: { id: rowId(id) } })).toMatchObject({
      status: 'UNCONFIRMED',
      attention: ['STILL_OPEN'],
    });
  });

  it('is FORBIDDEN to a watch token', async () => {
    const { transaction, watchToken } = await test.initiate({ phoneNumber: reservedPayer(28) });
    const { errors } = await test.graphql(documents[name], { id: transaction?.id }, watchToken);
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it('finds nothing for an id that is unknown or malformed', async () => {
    const bare = '0192f0c1-2f3a-7000-8000-000000000000';
    for (const id of [globalId(bare), bare, '', 'x', '%00', globalId(`${bare}\0`), btoa(`Client:${bare}`)]) {
      expect(await operate(name, { id })).toEqual({
        transaction: null,
        userErrors: [
          {
            code: 'NOT_FOUND',
            message: 'There is no such transaction.',
            path: ['id'],
            retryable: false,
          },
        ],
      });
    }
  });
});

describe.each(['resolveTransaction', 'clearAttention'] as const)('the reason of %s', (name) => {
  it.each(['', ' \n ', 'NUL \0', 'half \uD800', '\u0007', 'x'.repeat(501)])(
    'that is %j is refused, and nothing is done',
    async (reason) => {
      const id = await storeUnconfirmed();
      expect(await operate(name, { id, reason })).toMatchObject({
        transaction: { id, status: 'UNCONFIRMED', attention: ['STILL_OPEN'] },
        userErrors: [{ code: 'INVALID_REASON', path: ['reason'] }],
      });
      expect(await test.prisma.evidence.count({ where: { transactionId: rowId(id) } })).toBe(0);
    },
  );
});

describe('an operator', () => {
  const timelineOf = async (id: string, key: string) => {
    const { data } = await test.graphql(
      'query ($id: ID!) { transaction(by: { id: $id }) { timeline { evidence status message } } }',
      { id },
      key,
    );
    return (data?.['transaction'] as { timeline: Record<string, string>[] }).timeline;
  };

  it('resolves a payment of any client, whose owner reads why and not who', async () => {
    const id = await storeUnconfirmed();
    const reason = 'Receipt UKO1 is on\nthe statement.';
    expect(await operate('resolveTransaction', { id, reason })).toEqual({
      transaction: { id, status: 'COMPLETED', sequence: 2, attention: ['STILL_OPEN'] },
      userErrors: [],
    });
    expect((await timelineOf(id, shop.key)).at(-1)).toEqual({
      evidence: 'OPERATOR',
      status: 'COMPLETED',
      message: 'Paid, says an operator: Receipt UKO1 is on the statement.',
    });
    const [kept] = await test.prisma.evidence.findMany({ where: { transactionId: rowId(id) } });
    expect(kept?.peer).toBe(`test ${staff.clientId} (${staff.clientId})`);
  });

  it('is refused for a payment that is final, which says how it stands', async () => {
    const id = await storeUnconfirmed();
    await operate('resolveTransaction', { id });
    const again = await operate('resolveTransaction', { id });
    expect(again).toMatchObject({
      transaction: { id, status: 'COMPLETED', sequence: 2 },
      userErrors: [{ code: 'ALREADY_FINAL', path: ['id'], retryable: false }],
    });
    expect(again.userErrors[0]?.message).toContain('COMPLETED');
  });

  it('wakes whoever watches', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const watching = test.watchToEnd(id);
    await operate('resolveTransaction', { id });
    expect((await watching).at(-1)).toMatchObject({ status: 'COMPLETED', isFinal: true });
  });

  it('clears attention', async () => {
    const id = await storeUnconfirmed();
    expect(await operate('clearAttention', { id })).toEqual({
      transaction: { id, status: 'UNCONFIRMED', sequence: 1, attention: [] },
      userErrors: [],
    });
  });

  it('has M-Pesa asked about a payment that it can be asked about', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(10) });
    expect(await operate('recheckTransaction', { id })).toMatchObject({ userErrors: [] });
    await vi.waitFor(async () => {
      await operate('recheckTransaction', { id });
      expect(await test.read(id)).toMatchObject({ status: 'COMPLETED', resultCode: '0' });
    }, 20_000);
  });

  it('is told where M-Pesa cannot be asked', async () => {
    const id = await storeUnconfirmed();
    expect(await operate('recheckTransaction', { id })).toMatchObject({
      transaction: { id, status: 'UNCONFIRMED' },
      userErrors: [{ code: 'CANNOT_BE_ASKED', path: ['id'] }],
    });
  });
});
