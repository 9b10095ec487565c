import { describe, expect, it } from 'vitest';
import { TestApp, reserved } from './support/test-app.ts';

describe('STK query', () => {
  it('says 4999 before the payer decides', async () => {
    await using app = await TestApp.open({ delayMs: 60_000 });
    const { json } = await app.push('254712345678');
    const answer = await app.query(json['CheckoutRequestID']);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      ResponseCode: '0',
      ResponseDescription: 'The service request has been accepted successsfully',
      MerchantRequestID: json['MerchantRequestID'],
      CheckoutRequestID: json['CheckoutRequestID'],
      ResultCode: '4999',
      ResultDesc: 'The transaction is still under processing',
    });
  });

  it('says what the callback says afterwards, in strings and without a receipt', async () => {
    await using app = await TestApp.open();
    const { json } = await app.push(reserved(2));
    await app.inbox.next();
    expect((await app.query(json['CheckoutRequestID'])).json).toEqual({
      ResponseCode: '0',
      ResponseDescription: 'The service request has been accepted successsfully',
      MerchantRequestID: json['MerchantRequestID'],
      CheckoutRequestID: json['CheckoutRequestID'],
      ResultCode: '1032',
      ResultDesc: 'Request cancelled by user',
    });
  });

  it.each(['ws_CO_24112026120000712345678', '', undefined])('does not know the id %j', async (id) => {
    await using app = await TestApp.open();
    expect(await app.query(id)).toMatchObject({
      status: 400,
      json: { errorCode: '400.002.02', errorMessage: 'Bad Request - Invalid CheckoutRequestID' },
    });
  });

  it.each(['BusinessShortCode', 'Password', 'Timestamp'])('wants %s', async (field) => {
    await using app = await TestApp.open();
    const answer = await app.query('ws_CO_1', { [field]: undefined });
    expect(answer).toMatchObject({ status: 400, json: { errorMessage: `Bad Request - Invalid ${field}` } });
  });

  it('answers 404.001.04 to GET', async () => {
    await using app = await TestApp.open();
    const answer = await app.send('GET', '/mpesa/stkpushquery/v1/query', {});
    expect(answer).toMatchObject({ status: 404, json: { errorCode: '404.001.04' } });
  });

  it('has no limit by default', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(29));
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.query(id)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });

  it('with a limit of 5 per minute lets one pass every 12 seconds, and answers the others with a fault', async () => {
    let now = Date.parse('2026-11-24T09:00:00Z');
    await using app = await TestApp.open({ queryLimitPerMinute: 5 }, { now: () => new Date(now) });
    const id = await app.prompt(reserved(29));
    expect(await app.query(id)).toMatchObject({ status: 200 });
    now += 11_999;
    const refused = await app.query(id);
    expect(refused.status).toBe(429);
    expect(refused.json).toEqual({
      fault: {
        faultstring:
          'Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5, periodInMicroseconds=60000000, maxBurstMessageCount=1.0}',
        detail: { errorcode: 'policies.ratelimit.SpikeArrestViolation' },
      },
    });
    now += 1;
    expect(await app.query(id)).toMatchObject({ status: 200 });
  });
});
