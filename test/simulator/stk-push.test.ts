import { describe, expect, it } from 'vitest';
import { TestApp, reserved } from './support/test-app.ts';

const path = '/mpesa/stkpush/v1/processrequest';
const phone = '254712345678';

describe('STK push', () => {
  it('accepts with the ids and the words of Daraja, all strings', async () => {
    const clock = { now: () => new Date('2026-11-24T21:05:09.007Z') };
    await using app = await TestApp.open({}, clock);
    expect(await app.push(phone)).toMatchObject({
      status: 200,
      json: {
        MerchantRequestID: expect.stringMatching(/^[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\d{4,7}$/),
        // Eleven at night in London is the next day in Nairobi; the milliseconds are not padded.
        CheckoutRequestID: 'ws_CO_251120260005097712345678',
        ResponseCode: '0',
        ResponseDescription: 'Success. Request accepted for processing',
        CustomerMessage: 'Success. Request accepted for processing',
      },
    });
  });

  it('gives two pushes to one phone in one millisecond two CheckoutRequestIDs', async () => {
    const clock = { now: () => new Date('2026-11-24T09:00:00.999Z') };
    await using app = await TestApp.open({}, clock);
    const ids = await Promise.all([1, 2, 3].map(() => app.prompt(phone)));
    expect(new Set(ids).size).toBe(3);
  });

  it('takes every value as a string or as a number', async () => {
    await using app = await TestApp.open();
    const fields = Object.entries(app.pushFields(phone)).map(([name, value]) => [name, String(value)]);
    expect(await app.post(path, Object.fromEntries(fields))).toMatchObject({ status: 200 });
    expect(await app.push(phone, { PartyA: 254112345678, PhoneNumber: 254112345678 })).toMatchObject({
      status: 200,
    });
  });

  it('posts the callback of a payment with numbers as numbers', async () => {
    const clock = { now: () => new Date('2026-11-24T21:05:09.007Z') };
    await using app = await TestApp.open({}, clock);
    const { json } = await app.push(phone, { Amount: '150' });
    const post = await app.inbox.next();
    expect(post).toMatchObject({ path: '/cb/secret', contentType: 'application/json' });
    expect(post.body).toContain('{"Name":"Amount","Value":150.00}');
    expect(JSON.parse(post.body)).toEqual({
      Body: {
        stkCallback: {
          MerchantRequestID: json['MerchantRequestID'],
          CheckoutRequestID: json['CheckoutRequestID'],
          ResultCode: 0,
          ResultDesc: 'The service request is processed successfully.',
          CallbackMetadata: {
            Item: [
              { Name: 'Amount', Value: 150 },
              // 2026, November, the 25th.
              { Name: 'MpesaReceiptNumber', Value: expect.stringMatching(/^UKP[0-9A-Z]{7}$/) },
              { Name: 'TransactionDate', Value: 20261125000509 },
              { Name: 'PhoneNumber', Value: 254712345678 },
            ],
          },
        },
      },
    });
  });

  it.each([
    ['BusinessShortCode', '12'],
    ['BusinessShortCode', undefined],
    ['Password', undefined],
    ['Password', 'not base64!'],
    ['Timestamp', '2026112412000'],
    ['TransactionType', 'CustomerPayBill'],
    ['Amount', 0],
    ['Amount', 1.5],
    ['Amount', '250001'],
    ['Amount', -1],
    ['Amount', ''],
    ['Amount', [1]],
    ['PhoneNumber', '0712345678'],
    ['PhoneNumber', '254812345678'],
    ['PartyA', '25471234567'],
    ['PartyB', undefined],
    ['CallBackURL', 'ftp://example.com'],
    ['CallBackURL', 'https://example.com/a b'],
    ['CallBackURL', ' https://example.com/'],
    ['CallBackURL', 'nonsense'],
    ['AccountReference', ''],
  ])('answers "Bad Request - Invalid %s" to %j', async (field, value) => {
    await using app = await TestApp.open();
    const answer = await app.push(phone, { [field]: value });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      requestId: expect.any(String),
      errorCode: '400.002.02',
      errorMessage: `Bad Request - Invalid ${field}`,
    });
    expect(await app.payments()).toEqual([]);
  });

  it('calls a missing TransactionDesc "Remarks"', async () => {
    await using app = await TestApp.open();
    const { json } = await app.push(phone, { TransactionDesc: undefined });
    expect(json['errorMessage']).toBe('Bad Request - Invalid Remarks');
  });

  it.each(['174379passkey20261124120001', '174378passkey20261124120000', '174379'])(
    'answers "Wrong credentials" to a password made of %s',
    async (text) => {
      await using app = await TestApp.open();
      const answer = await app.push(phone, { Password: Buffer.from(text).toString('base64') });
      expect(answer).toMatchObject({
        status: 500,
        json: { errorCode: '500.001.1001', errorMessage: '[MerchantValidate] - Wrong credentials' },
      });
    },
  );

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'nonsense'])(
    'answers "Invalid BusinessShortCode" to the content type %s',
    async (type) => {
      await using app = await TestApp.open();
      const answer = await app.post(path, app.pushFields(phone), { 'content-type': type });
      expect(answer).toMatchObject({
        status: 400,
        json: { errorCode: '400.002.02', errorMessage: 'Bad Request - Invalid BusinessShortCode' },
      });
    },
  );

  it.each(['{"BusinessShortCode":', '', '[]', 'null'])('answers 400.002.05 to the body %j', async (body) => {
    await using app = await TestApp.open();
    expect(await app.post(path, body)).toMatchObject({
      status: 400,
      json: { errorCode: '400.002.05', errorMessage: 'Invalid Request Payload' },
    });
  });

  it('answers 400.002.05 to a body of megabytes', async () => {
    await using app = await TestApp.open();
    const answer = await app.push(phone, { AccountReference: 'A'.repeat(2_000_000) });
    expect(answer).toMatchObject({ status: 400, json: { errorCode: '400.002.05' } });
  });

  it.each([
    ['no token', ''],
    ['an unknown token', 'Bearer unknown'],
    ['Basic', 'Basic a2V5OnNlY3JldA=='],
  ])('answers 404.001.03 to %s, before it looks at the body', async (_case, authorization) => {
    await using app = await TestApp.open();
    expect(await app.post(path, 'nonsense', { authorization })).toMatchObject({
      status: 404,
      json: { errorCode: '404.001.03', errorMessage: 'Invalid Access Token' },
    });
  });

  it('answers 404.001.04 to GET and 404.001.01 to a wrong path', async () => {
    await using app = await TestApp.open();
    expect(await app.send('GET', path, {})).toMatchObject({
      status: 404,
      json: { errorCode: '404.001.04', errorMessage: 'Invalid Authentication Header' },
    });
    expect(await app.post('/mpesa/stkpush/v2/processrequest', {})).toMatchObject({
      status: 404,
      json: { errorCode: '404.001.01', errorMessage: 'Resource not found' },
    });
  });

  it('takes any number of prompts per phone by default', async () => {
    await using app = await TestApp.open({ delayMs: 60_000 });
    await app.push(phone);
    expect(await app.push(phone)).toMatchObject({ status: 200 });
  });

  it('with the subscriber lock refuses a second prompt until the first is decided', async () => {
    await using app = await TestApp.open({ subscriberLock: true });
    const id = await app.prompt(reserved(28));
    expect(await app.push(reserved(28))).toMatchObject({
      status: 500,
      json: {
        errorCode: '500.001.1001',
        errorMessage:
          'Unable to lock subscriber, a transaction is already in process for the current subscriber',
      },
    });
    expect(await app.push(reserved(0))).toMatchObject({ status: 200 });
    await app.control('POST', `/payments/${id}/decide`, { decision: 'cancel' });
    expect(await app.push(reserved(28))).toMatchObject({ status: 200 });
  });
});
