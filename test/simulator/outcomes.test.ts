import { describe, expect, it } from 'vitest';
import { reservedOutcomes } from '../../src/simulator/outcomes.ts';
import { itemOf, parseCallback } from './support/callback-inbox.ts';
import { TestApp, reserved } from './support/test-app.ts';

const paid = { ResultCode: 0, ResultDesc: 'The service request is processed successfully.' };
const unreachableDesc = 'DS timeout user cannot be reached';

describe('the reserved numbers', () => {
  it('are 31', () => {
    expect(reservedOutcomes).toHaveLength(31);
  });

  it.each([reserved(0), reserved(31), reserved(99), '254112345678'])('%s pays', async (phone) => {
    await using app = await TestApp.open();
    const id = await app.prompt(phone);
    const callback = await app.inbox.nextCallback();
    expect(callback).toMatchObject(paid);
    expect(itemOf(callback, 'PhoneNumber')).toBe(Number(phone));
    expect(await app.queryCode(id)).toBe('0');
  });

  it.each([
    [1, 1, 'The balance is insufficient for the transaction.'],
    [2, 1032, 'Request cancelled by user'],
    [3, 1037, unreachableDesc],
    [4, 2001, 'The initiator information is invalid.'],
    [5, 1001, 'Unable to lock subscriber, a transaction is already in process for the current subscriber'],
    [6, 1025, 'An error occurred while sending a push request'],
    [7, 1019, 'Transaction has expired'],
    [8, 26, 'System busy. Traffic blocking condition in place.'],
    [9, 'E3008', 'Error, the user has a bad debt contract.'],
  ])('%i fails with %s and carries no metadata', async (nn, ResultCode, ResultDesc) => {
    await using app = await TestApp.open();
    const { json } = await app.push(reserved(nn));
    const { MerchantRequestID, CheckoutRequestID } = json;
    expect(await app.inbox.nextCallback()).toEqual({
      MerchantRequestID,
      CheckoutRequestID,
      ResultCode,
      ResultDesc,
    });
    expect((await app.query(CheckoutRequestID)).json).toMatchObject({
      ResultCode: String(ResultCode),
      ResultDesc,
    });
  });

  it.each([
    [10, ['0', '0']],
    [11, ['1032', '1032']],
    [22, ['4999', '4999', '4999', '0', '0']],
    [23, ['The transaction is being processed', 'The transaction is being processed', '1037', '1037']],
  ])('%i sends no callback; queries say %j', async (nn, codes) => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(nn));
    await app.untilDecided(id);
    for (const code of codes) expect(await app.queryCode(id)).toBe(code);
    expect(await app.stats()).toMatchObject({ callbacksSent: 0, queries: codes.length });
  });

  it('22 counts its queries from the decision and for each payment', async () => {
    await using app = await TestApp.open({ delayMs: 400 });
    const first = await app.prompt(reserved(22));
    const second = await app.prompt(reserved(22));
    // Faster than the delay: these are the 4999 that every payment says first.
    expect(await app.queryCode(first)).toBe('4999');
    await app.untilDecided(second);
    for (const code of ['4999', '4999', '4999', '0']) expect(await app.queryCode(first)).toBe(code);
    expect(await app.queryCode(second)).toBe('4999');
  });

  it('23 says "being processed" as HTTP 500 with the CheckoutRequestID for a requestId', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(23));
    await app.untilDecided(id);
    const answer = await app.query(id);
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      requestId: id,
      errorCode: '500.001.1001',
      errorMessage: 'The transaction is being processed',
    });
  });

  it('12 sends the same callback twice', async () => {
    await using app = await TestApp.open();
    await app.push(reserved(12));
    const first = await app.inbox.next();
    expect(await app.inbox.next()).toEqual(first);
    expect(parseCallback(first.body)).toMatchObject(paid);
  });

  it('13 sends the callback before the push is answered', async () => {
    await using app = await TestApp.open({ delayMs: 60_000 });
    const { json } = await app.push(reserved(13));
    expect(app.inbox.posts).toHaveLength(1);
    const { CheckoutRequestID, ...callback } = await app.inbox.nextCallback();
    expect(callback).toMatchObject(paid);
    expect(CheckoutRequestID).toBe(json['CheckoutRequestID']);
    expect(await app.queryCode(CheckoutRequestID)).toBe('0');
  });

  it('13 answers the push even if nobody takes the callback', async () => {
    await using app = await TestApp.open();
    const answer = await app.push(reserved(13), { CallBackURL: 'http://127.0.0.1:1/' });
    expect(answer).toMatchObject({ status: 200, json: { ResponseCode: '0' } });
  });

  it('14 says paid to a query long before the callback', async () => {
    await using app = await TestApp.open();
    const startedAt = performance.now();
    const id = await app.prompt(reserved(14));
    await app.untilDecided(id);
    expect(await app.queryCode(id)).toBe('0');
    expect(app.inbox.posts).toHaveLength(0);
    expect(await app.inbox.nextCallback()).toMatchObject(paid);
    expect(performance.now() - startedAt).toBeGreaterThan(29 * 20);
  });

  it('15 says cancelled to the first query, and then sends a success callback', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(15));
    await app.untilDecided(id);
    expect(await app.stats()).toMatchObject({ callbacksSent: 0 });
    expect(await app.queryCode(id)).toBe('1032');
    expect(await app.inbox.nextCallback()).toMatchObject(paid);
    expect(await app.queryCode(id)).toBe('0');
    expect(await app.stats()).toMatchObject({ callbacksSent: 1 });
  });

  it('16 is answered HTTP 500 without an id, and pays', async () => {
    await using app = await TestApp.open();
    const answer = await app.push(reserved(16));
    expect(answer).toMatchObject({ status: 500, text: 'Service is currently unreachable' });
    const callback = await app.inbox.nextCallback();
    expect(callback).toMatchObject(paid);
    expect(await app.queryCode(callback.CheckoutRequestID)).toBe('0');
  });

  it('17 drops the connection and nothing follows', async () => {
    await using app = await TestApp.open();
    await expect(app.push(reserved(17))).rejects.toThrow('fetch failed');
    await expectNothingFollows(app);
  });

  it('20 answers an HTML page with HTTP 200 and nothing follows', async () => {
    await using app = await TestApp.open();
    const answer = await app.push(reserved(20));
    expect(answer).toMatchObject({ status: 200, type: expect.stringContaining('text/html') });
    expect(answer.text).toContain('<html');
    await expectNothingFollows(app);
  });

  it('18 refuses every other push with a spike arrest fault', async () => {
    await using app = await TestApp.open();
    const answers = [
      await app.push(reserved(18)),
      await app.push(reserved(18)),
      await app.push(reserved(18)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([429, 200, 429]);
    expect(answers[0]?.json).toEqual({
      fault: {
        faultstring: expect.stringContaining('Spike arrest violation.'),
        detail: { errorcode: 'policies.ratelimit.SpikeArrestViolation' },
      },
    });
    expect(await app.inbox.nextCallback()).toMatchObject(paid);
    expect(await app.stats()).toMatchObject({ pushes: 3, promptsAccepted: 1 });
  });

  it('19 refuses every other push as if its token were invalid', async () => {
    await using app = await TestApp.open();
    const answers = [
      await app.push(reserved(19)),
      await app.push(reserved(19)),
      await app.push(reserved(19)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 200, 404]);
    expect(answers[0]?.json).toMatchObject({ errorCode: '404.001.03', errorMessage: 'Invalid Access Token' });
    expect(await app.inbox.nextCallback()).toMatchObject(paid);
  });

  it('21 is refused every time', async () => {
    await using app = await TestApp.open();
    for (const answer of [await app.push(reserved(21)), await app.push(reserved(21))]) {
      expect(answer.status).toBe(500);
      expect(answer.json).toEqual({
        requestId: expect.any(String),
        errorCode: '500.001.1001',
        errorMessage: '[MerchantValidate] - Wrong credentials',
      });
    }
    expect(await app.payments()).toEqual([]);
  });

  it('24 sends a body that no parser reads, then the right one', async () => {
    await using app = await TestApp.open();
    await app.push(reserved(24));
    const broken = await app.inbox.next();
    expect(() => JSON.parse(broken.body) as unknown).toThrow();
    const right = await app.inbox.next();
    expect(parseCallback(right.body)).toMatchObject(paid);
    expect(right.body.startsWith(broken.body)).toBe(true);
  });

  it('25 has a Balance item without a value in the third place', async () => {
    await using app = await TestApp.open();
    await app.push(reserved(25));
    const callback = await app.inbox.nextCallback();
    expect(callback).toMatchObject(paid);
    expect(callback.CallbackMetadata?.Item[2]).toEqual({ Name: 'Balance' });
    expect(callback.CallbackMetadata?.Item).toHaveLength(5);
  });

  it('26 masks the phone number and writes the result code as text', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(26));
    const callback = await app.inbox.nextCallback();
    expect(callback.ResultCode).toBe('0');
    expect(itemOf(callback, 'PhoneNumber')).toBe('254700***026');
    expect(itemOf(callback, 'MpesaReceiptNumber')).toEqual(expect.any(String));
    expect(await app.queryCode(id)).toBe('0');
  });

  it('27 reports another amount, and a query says paid', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(27), { Amount: 100 });
    const callback = await app.inbox.nextCallback();
    expect(callback).toMatchObject(paid);
    expect(itemOf(callback, 'Amount')).toBe(101);
    expect(await app.queryCode(id)).toBe('0');
  });

  it.each([28, 29])('%i stays open by itself, and every query says pending', async (nn) => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(nn));
    await expectNothingFollows(app);
    for (let asked = 0; asked < 5; asked += 1) expect(await app.queryCode(id)).toBe('4999');
  });

  it('30 sends two success callbacks with different receipts', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(30));
    const callbacks = [await app.inbox.nextCallback(), await app.inbox.nextCallback()];
    for (const callback of callbacks) expect(callback).toMatchObject({ ...paid, CheckoutRequestID: id });
    const receipts = callbacks.map((callback) => itemOf(callback, 'MpesaReceiptNumber'));
    expect(new Set(receipts).size).toBe(2);
  });
});

/** Another payment, pushed later, is through: what was to follow the first would have followed. */
async function expectNothingFollows(app: TestApp): Promise<void> {
  await app.push(reserved(0));
  await app.inbox.next();
  expect(await app.stats()).toMatchObject({ callbacksSent: 1 });
}
