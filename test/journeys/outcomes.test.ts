import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { databases } from '../support/test-database.ts';
import { reservedPayer, TestApp } from '../support/test-app.ts';

type Expected = {
  nn: number;
  what: string;
  status: string;
  reason?: string;
  receipt?: boolean;
  attention?: string[];
  code?: string;
};

/** design: the simulator's reserved numbers, and how the payment ends. */
const expected: Expected[] = [
  { nn: 0, what: 'pays', status: 'COMPLETED', receipt: true, code: '0' },
  { nn: 1, what: 'has too little money', status: 'FAILED', reason: 'INSUFFICIENT_FUNDS', code: '1' },
  { nn: 2, what: 'cancels', status: 'CANCELLED', reason: 'CANCELLED_BY_PAYER', code: '1032' },
  { nn: 3, what: 'cannot be reached', status: 'EXPIRED', reason: 'PAYER_UNREACHABLE', code: '1037' },
  { nn: 4, what: 'enters a wrong PIN', status: 'FAILED', reason: 'WRONG_PIN', code: '2001' },
  { nn: 5, what: 'is busy with another request', status: 'FAILED', reason: 'SUBSCRIBER_BUSY', code: '1001' },
  {
    nn: 6,
    what: 'gets no prompt for an error of M-Pesa',
    status: 'FAILED',
    reason: 'PROMPT_FAILED',
    code: '1025',
  },
  { nn: 7, what: 'lets the prompt expire', status: 'EXPIRED', reason: 'PROMPT_EXPIRED', code: '1019' },
  { nn: 8, what: 'meets a busy M-Pesa', status: 'FAILED', reason: 'PROVIDER_BUSY', code: '26' },
  {
    nn: 9,
    what: 'has a debt that comes as a text code',
    status: 'FAILED',
    reason: 'PAYER_NOT_ELIGIBLE',
    code: 'E3008',
  },
  { nn: 10, what: 'pays and no callback comes', status: 'COMPLETED', receipt: false, code: '0' },
  {
    nn: 11,
    what: 'cancels and no callback comes',
    status: 'CANCELLED',
    reason: 'CANCELLED_BY_PAYER',
    code: '1032',
  },
  { nn: 12, what: 'pays and the callback comes twice', status: 'COMPLETED', receipt: true },
  { nn: 13, what: 'pays before the push is answered', status: 'COMPLETED', receipt: true },
  { nn: 14, what: 'pays and the callback comes late', status: 'COMPLETED', receipt: true },
  { nn: 15, what: 'pays after a query said failed', status: 'COMPLETED', receipt: true },
  { nn: 16, what: 'pays although the push was answered with an error', status: 'COMPLETED', receipt: true },
  { nn: 17, what: 'has a push whose answer is lost', status: 'UNCONFIRMED' },
  { nn: 18, what: 'pays after a spike arrest', status: 'COMPLETED', receipt: true },
  { nn: 19, what: 'pays after an invalid token', status: 'COMPLETED', receipt: true },
  { nn: 20, what: 'has a push that is answered with a page', status: 'UNCONFIRMED' },
  {
    nn: 21,
    what: 'has a push that is refused for wrong credentials',
    status: 'FAILED',
    reason: 'MERCHANT_CONFIGURATION',
  },
  { nn: 22, what: 'pays while queries say pending', status: 'COMPLETED', receipt: false },
  {
    nn: 23,
    what: 'does not answer while queries say pending',
    status: 'EXPIRED',
    reason: 'PAYER_UNREACHABLE',
  },
  { nn: 24, what: 'pays and a broken body comes first', status: 'COMPLETED', receipt: true },
  { nn: 25, what: 'pays and the balance has no value', status: 'COMPLETED', receipt: true },
  { nn: 26, what: 'pays and the callback is masked and in text', status: 'COMPLETED', receipt: true },
  { nn: 27, what: 'pays another amount', status: 'COMPLETED', receipt: true, attention: ['AMOUNT_DIFFERS'] },
  { nn: 28, what: 'waits until a person decides', status: 'COMPLETED', receipt: true },
  { nn: 29, what: 'stays pending for ever', status: 'AWAITING_PAYER' },
  { nn: 30, what: 'pays twice', status: 'COMPLETED', receipt: true, attention: ['PAID_TWICE'] },
];

describe.each(databases.filter(({ available }) => available))('on the $name database', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await TestApp.start({ databases: database });
  });

  afterAll(() => test[Symbol.asyncDispose]());

  it.concurrent.each(expected)('a payer who $what ends as $status (2547000000$nn)', async (row) => {
    const id = await test.pay({ phoneNumber: reservedPayer(row.nn) });
    if (row.nn === 28) await decide(test, id, 'pay');
    const payment = await vi.waitFor(async () => {
      const now = await test.read(id);
      expect(now).toMatchObject({
        status: row.status,
        failureReason: row.reason ?? null,
        ...(row.code ? { resultCode: row.code } : {}),
        mpesaReceiptNumber: row.receipt ? (expect.any(String) as unknown) : null,
      });
      expect(now['attention']).toEqual(expect.arrayContaining(row.attention ?? []));
      return now;
    }, 12_000);

    await expectQuiet(test, id);
    const settled = await test.read(id);
    expect(settled['status']).toBe(row.status);
    expect((settled['attention'] as string[]).filter((reason) => reason !== 'STILL_OPEN')).toEqual(
      row.attention ?? [],
    );
    if (row.nn === 27) expect(settled['paidAmount']).toEqual({ amountMinor: 1_100 });
    expectSoundTimeline(settled);
    expect(payment['id']).toBe(id);
  });
});

/** Nothing that is still on its way may move it: the simulator has said all, and further queries were answered. */
async function expectQuiet(test: TestApp, id: string): Promise<void> {
  const { sequence } = await test.read(id);
  await vi.waitFor(async () => {
    const payments = (await (
      await fetch(`${test.app.simulatorUrl ?? ''}/_simulator/stats`)
    ).json()) as Record<string, number>;
    expect(payments['callbacksAnswered']).toBe(payments['callbacksSent']);
  }, 10_000);
  expect((await test.read(id))['sequence']).toBeGreaterThanOrEqual(sequence as number);
}

type Line = { sequence: number; status: string };

function expectSoundTimeline(payment: Record<string, unknown>): void {
  const timeline = payment['timeline'] as Line[];
  expect(timeline.map(({ sequence }) => sequence)).toEqual(timeline.map((_, index) => index + 1));
  expect(timeline.at(-1)).toMatchObject({ sequence: payment['sequence'], status: payment['status'] });
  const statuses = timeline.map(({ status }) => status);
  const moves = statuses.filter(
    (status, index) => status === 'COMPLETED' && statuses[index - 1] !== 'COMPLETED',
  );
  expect(moves.length).toBeLessThanOrEqual(1);
  const completedAt = statuses.indexOf('COMPLETED');
  if (completedAt >= 0) expect(new Set(statuses.slice(completedAt))).toEqual(new Set(['COMPLETED']));
}

async function decide(test: TestApp, id: string, decision: string): Promise<void> {
  const { checkoutRequestId } = await test.read(id);
  const response = await fetch(
    `${test.app.simulatorUrl ?? ''}/_simulator/payments/${String(checkoutRequestId)}/decide`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ decision }),
    },
  );
  expect(response.status).toBe(200);
}
