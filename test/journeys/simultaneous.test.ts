import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { databases } from '../support/test-database.ts';
import { reservedPayer, TestApp } from '../support/test-app.ts';

const rounds = 10;

type Listed = { CheckoutRequestID: string; CallBackURL?: string; callbackUrl?: string };

describe.each(databases.filter(({ available }) => available))('on the $name database', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await TestApp.start({ databases: database });
  });

  afterAll(() => test[Symbol.asyncDispose]());

  /** A payment whose payer waits, and the means to post to its callback URL. */
  async function openPayment() {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const { checkoutRequestId } = await test.read(id);
    const listed = (await (await fetch(`${test.app.simulatorUrl ?? ''}/_simulator/payments`)).json()) as
      Listed[] | { payments: Listed[] };
    const payments = Array.isArray(listed) ? listed : listed.payments;
    const payment = payments.find(({ CheckoutRequestID }) => CheckoutRequestID === checkoutRequestId);
    const url = payment?.CallBackURL ?? payment?.callbackUrl ?? '';
    const post = async (said: object): Promise<number> => {
      const stkCallback = { MerchantRequestID: 'm', CheckoutRequestID: checkoutRequestId, ...said };
      return (await fetch(url, { method: 'POST', body: JSON.stringify({ Body: { stkCallback } }) })).status;
    };
    return { id, post };
  }

  const success = (receipt: string) => ({
    ResultCode: 0,
    ResultDesc: 'ok',
    CallbackMetadata: {
      Item: [
        { Name: 'Amount', Value: 10 },
        { Name: 'MpesaReceiptNumber', Value: receipt },
      ],
    },
  });
  const failure = { ResultCode: 1032, ResultDesc: 'Request cancelled by user' };
  let receipts = 0;
  const newReceipt = () => `UKO${String((receipts += 1)).padStart(7, '0')}`;

  function expectOneCompletion(payment: Record<string, unknown>): void {
    const timeline = payment['timeline'] as { sequence: number; status: string }[];
    expect(timeline.map(({ sequence }) => sequence)).toEqual(timeline.map((_, index) => index + 1));
    expect(timeline.filter(({ status }) => status === 'COMPLETED')).toHaveLength(1);
    expect(timeline.at(-1)?.status).toBe('COMPLETED');
  }

  it.each(['failure first', 'success first'])(
    'a failure and a success at once end as paid: %s',
    async (order) => {
      for (let round = 0; round < rounds; round += 1) {
        const { id, post } = await openPayment();
        const said = [failure, success(newReceipt())];
        if (order === 'success first') said.reverse();
        expect(await Promise.all(said.map(post))).toEqual([200, 200]);
        const payment = await test.read(id);
        expect(payment['status']).toBe('COMPLETED');
        expectOneCompletion(payment);
        // The failure either came first, and was overturned, or contradicts what is known.
        const timeline = payment['timeline'] as { status: string }[];
        const wasOverturned = timeline.some(({ status }) => status === 'CANCELLED');
        expect(payment['attention']).toEqual(wasOverturned ? [] : ['EVIDENCE_CONTRADICTS']);
      }
    },
  );

  it('two successes with different receipts at once are one payment and a reason to look', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const { id, post } = await openPayment();
      const both = [newReceipt(), newReceipt()];
      expect(await Promise.all(both.map((receipt) => post(success(receipt))))).toEqual([200, 200]);
      const payment = await test.read(id);
      expect(payment).toMatchObject({ status: 'COMPLETED', attention: ['PAID_TWICE'] });
      expect(both).toContain(payment['mpesaReceiptNumber']);
      expectOneCompletion(payment);
    }
  });

  it('a hundred identical callbacks at once are one settlement, and all are answered', async () => {
    const { id, post } = await openPayment();
    const said = success(newReceipt());
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(said)));
    expect(new Set(answers)).toEqual(new Set([200]));
    const payment = await vi.waitFor(() => test.read(id));
    expect(payment).toMatchObject({ status: 'COMPLETED', attention: [] });
    expectOneCompletion(payment);
  });
});
