import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askForPayment, type AskedPayment } from '../../scripts/fuzz/ask-for-payment.ts';
import { forgeCallbacks } from '../../scripts/fuzz/forge-callbacks.ts';
import { genuineCallback } from '../../scripts/fuzz/genuine-callback.ts';
import { rowId, TestApp, testKey } from '../support/test-app.ts';

/**
 * Case 32: the address that M-Pesa posts to. Replays at once are in test/journeys/identical-callbacks.test.ts, what comes
 * out of order in test/journeys/contradictions.test.ts.
 */

const secret = 'a-secret-of-at-least-thirty-two-characters';
const mpesa = { 'x-forwarded-for': '196.201.214.200' };

let test: TestApp;
let http: Pool;
beforeAll(async () => {
  test = await TestApp.start({
    env: { MALIPO_SECRET: secret, TRUSTED_PROXIES: '127.0.0.1', CALLBACK_ALLOWED_IPS: '196.201.214.200' },
    config: { ladderMs: [600_000] },
  });
  http = new Pool(test.url, { connections: 16 });
});
afterAll(async () => {
  await http.close();
  await test[Symbol.asyncDispose]();
});

const ask = () => askForPayment({ http, key: testKey });

describe('32: a flood of forged callbacks', () => {
  const count = 3_000;

  it('changes nothing, and the genuine ones among them settle their payments', async () => {
    const payments: AskedPayment[] = [];
    for (let index = 0; index < 40; index += 1) payments.push(await ask());
    const paid = payments.slice(0, 20);
    const result = await forgeCallbacks(
      { url: test.url, http, key: testKey },
      {
        count,
        seconds: 1,
        seed: 1,
        knownIds: payments.map(({ checkoutRequestId }) => checkoutRequestId),
        genuine: paid.map((payment) => genuineCallback(secret, payment)),
      },
    );
    expect(result.genuineAnswers).toEqual({ 200: 20 });
    expect(Object.keys(result.forgedAnswers)).toEqual(['403', '404']);
    expect(Object.values(result.forgedAnswers).reduce((sum, answers) => sum + answers)).toBe(count);
    for (const [index, { id }] of payments.entries()) {
      expect(await test.read(id)).toMatchObject(
        index < 20
          ? { status: 'COMPLETED', sequence: 3, mpesaReceiptNumber: `GENUINE${index + 1}` }
          : { status: 'AWAITING_PAYER', sequence: 2, mpesaReceiptNumber: null },
      );
    }
    const evidence = await test.prisma.evidence.findMany({ where: { source: 'CALLBACK' } });
    expect(evidence.map(({ transactionId }) => transactionId).toSorted()).toEqual(
      paid.map(({ id }) => rowId(id)).toSorted(),
    );
  }, 60_000);
});

describe('32: a genuine address', () => {
  const post = async (path: string, body: string | Buffer, headers: object = mpesa) => {
    const answer = await http.request({ method: 'POST', path, body, headers: { ...headers } });
    await answer.body.dump();
    return answer.statusCode;
  };

  it('takes nothing from a stranger, and nothing that is too large', async () => {
    const payment = await ask();
    const { path } = genuineCallback(secret, payment);
    const body = JSON.stringify({
      Body: { stkCallback: { CheckoutRequestID: payment.checkoutRequestId, ResultCode: 0 } },
    });
    expect(await post(path, body, { 'x-forwarded-for': '203.0.113.7' })).toBe(403);
    expect(await post(path, Buffer.alloc(65 * 1024, ' '))).toBe(413);
    expect(await test.read(payment.id)).toMatchObject({ status: 'AWAITING_PAYER', sequence: 2 });
    expect(await post(path, body)).toBe(200);
    expect(await test.read(payment.id)).toMatchObject({ status: 'COMPLETED', sequence: 3 });
  });

  it('of one payment settles no other that its body names', async () => {
    const [own, other] = [await ask(), await ask()];
    const { path } = genuineCallback(secret, own);
    const body = JSON.stringify({
      Body: { stkCallback: { CheckoutRequestID: other.checkoutRequestId, ResultCode: 0 } },
    });
    expect(await post(path, body)).toBe(200);
    expect(await test.read(other.id)).toMatchObject({ status: 'AWAITING_PAYER', sequence: 2 });
  });
});
