import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { payload } from './support/payload.ts';
import {
  answerWith,
  createTestDaraja,
  phoneNumber,
  pushRequest,
  startScriptedServer,
  token,
  type ScriptedServer,
  type TestDaraja,
} from './support/scripted-daraja.ts';
import { PhoneNumber } from '../../src/daraja/phone-number.ts';

let server: ScriptedServer;
let daraja: TestDaraja;

beforeEach(async () => {
  server = await startScriptedServer();
  daraja = createTestDaraja(server.url);
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await daraja[Symbol.asyncDispose]();
});

const push = () => daraja.stkPush(token, pushRequest);

describe('what is sent', () => {
  it('is signed with a password that decodes to short code, passkey and the very timestamp beside it', async () => {
    server.answer(answerWith(200, payload('stk-response-01')));
    await push();
    const [sent] = server.received;
    const fields = JSON.parse(sent?.body ?? '');
    expect(Buffer.from(fields.Password, 'base64').toString()).toBe(`174379the-passkey${fields.Timestamp}`);
    expect(fields).toEqual({
      BusinessShortCode: '174379',
      Password: expect.any(String),
      Timestamp: expect.stringMatching(/^\d{14}$/),
      TransactionType: 'CustomerPayBillOnline',
      Amount: '150',
      PartyA: phoneNumber,
      PartyB: '174379',
      PhoneNumber: phoneNumber,
      CallBackURL: pushRequest.callbackUrl,
      AccountReference: 'ORDER-1',
      TransactionDesc: 'Payment',
    });
    expect(sent).toMatchObject({
      method: 'POST',
      url: '/mpesa/stkpush/v1/processrequest',
      headers: {
        authorization: 'Bearer c9SQxWWhmdVRlyh0zh8gZDTkubVF',
        'content-type': 'application/json',
      },
    });
  });

  it('names the store as short code and the till as party B', async () => {
    await using till = createTestDaraja(`${server.url}/proxy/`, {
      settings: {
        transactionType: 'CustomerBuyGoodsOnline',
        businessShortCode: '600100',
        partyB: '5123456',
      },
    });
    await till.stkPush(token, pushRequest);
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject({
      TransactionType: 'CustomerBuyGoodsOnline',
      BusinessShortCode: '600100',
      PartyB: '5123456',
    });
    expect(server.received[0]?.url).toBe('/proxy/mpesa/stkpush/v1/processrequest');
  });

  it('is nothing when a field breaks the rules', async () => {
    const answer = await daraja.stkPush(token, {
      ...pushRequest,
      amountShillings: 1.5,
      phoneNumber: new PhoneNumber('12'),
    });
    expect(answer).toMatchObject({ outcome: 'refused', kind: 'bad-request', errorCode: null });
    expect(answer).toHaveProperty('message', expect.stringMatching(/phone number.*amount/));
    expect(server.received).toEqual([]);
  });
});

describe('an acceptance', () => {
  it.each(['stk-response-01', 'stk-response-02'])(
    'is HTTP 200 with ResponseCode "0" and an id (%s)',
    async (name) => {
      server.answer(answerWith(200, payload(name)));
      const fields = JSON.parse(payload(name));
      const answer = await push();
      expect(answer).toMatchObject({
        outcome: 'accepted',
        merchantRequestId: fields.MerchantRequestID,
        customerMessage: fields.CustomerMessage ?? null,
      });
      expect('checkoutRequestId' in answer && answer.checkoutRequestId.reveal()).toBe(
        fields.CheckoutRequestID,
      );
    },
  );

  const accepted = JSON.parse(payload('stk-response-01'));
  it.each([
    ['another HTTP status', 201, accepted],
    ['HTTP 500', 500, accepted],
    ['HTTP 429', 429, accepted],
    ['a numeric ResponseCode', 200, { ...accepted, ResponseCode: 0 }],
    ['another ResponseCode', 200, { ...accepted, ResponseCode: '1' }],
    ['no ResponseCode', 200, { ...accepted, ResponseCode: undefined }],
    ['no id', 200, { ...accepted, CheckoutRequestID: undefined }],
    ['an empty id', 200, { ...accepted, CheckoutRequestID: ' ' }],
    ['a numeric id', 200, { ...accepted, CheckoutRequestID: 1 }],
    [
      'an error beside it',
      200,
      {
        ...accepted,
        errorCode: '500.001.1001',
        errorMessage: '[MerchantValidate] - Wrong credentials',
      },
    ],
    ['an array around it', 200, [accepted]],
  ])('with %s is unknown, neither accepted nor refused', async (_what, status, body) => {
    server.answer(answerWith(status, body));
    expect(await push()).toMatchObject({ outcome: 'unknown' });
  });
});

const envelope = (errorCode: string, errorMessage: string) => ({
  requestId: '1-2-3',
  errorCode,
  errorMessage,
});

const apigeeQuota = {
  fault: {
    faultstring: 'Rate limit quota violation. Quota limit exceeded. Identifier : _default',
    detail: { errorcode: 'policies.ratelimit.QuotaViolation' },
  },
};

const noProduct = payload('error-05');
const refusals: readonly (readonly [kind: string, status: number, body: object | string])[] = [
  ['busy', 500, payload('error-11')],
  ['busy', 500, envelope('500.003.02', 'Error Occurred: Spike Arrest Violation')],
  ['busy', 500, envelope('500.003.03', 'Quota Violation')],
  ['busy', 429, payload('stk-query-10')],
  ['busy', 500, payload('stk-query-10')],
  ['busy', 429, apigeeQuota],
  ['busy', 429, ''],
  ['busy', 429, '<html>Too many requests</html>'],
  ['invalid-token', 404, envelope('404.001.03', 'Invalid Access Token')],
  ['invalid-token', 400, envelope('400.003.01', 'Invalid Access Token')],
  ['invalid-token', 401, envelope('401.002.01', 'Error Occurred - Invalid Access Token - abc')],
  ['invalid-token', 401, envelope('401.003.01', 'Error Occurred - Invalid Access Token - abc')],
  ['not-entitled', 401, noProduct],
  ['wrong-credentials', 500, payload('error-10')],
  ['merchant-unknown', 500, envelope('500.001.1001', 'Merchant does not exist')],
  [
    'subscriber-locked',
    500,
    envelope('500.001.1001', 'Unable to lock subscriber, a transaction is already in process'),
  ],
  ['bad-request', 400, payload('error-01')],
  ['bad-request', 400, payload('error-02')],
  ['bad-request', 400, envelope('400.002.02', 'Bad Request - Invalid Remarks')],
  ['bad-request', 400, envelope('400.002.05', 'Invalid Request Payload')],
  ['bad-request', 400, envelope('400.003.02', 'Bad Request - Invalid CallBackURL - URL has the word MPESA')],
  ['bad-request', 404, envelope('404.001.01', 'Resource not found')],
  ['bad-request', 404, envelope('404.001.04', 'Invalid Authentication Header')],
  ['bad-request', 405, envelope('405.001', 'Method Not Allowed')],
  ['merchant-not-permitted', 500, 'Merchant not allowed to carry out transaction type'],
  [
    'merchant-not-permitted',
    500,
    envelope('500.001.1001', 'Merchant not allowed to carry out transaction type'),
  ],
  ['payer-not-eligible', 500, envelope('500.002.1001', 'Missing ICCID value in request')],
];

describe('a refusal on the closed list', () => {
  it.each(refusals)('%s (HTTP %i, %o)', async (kind, status, body) => {
    server.answer(answerWith(status, body));
    expect(await push()).toMatchObject({ outcome: 'refused', kind, advice: expect.stringMatching(/\w/) });
    expect(server.received).toHaveLength(1);
  });

  it.each(refusals.filter(([, status]) => status !== 429))(
    '%s counts with HTTP 200 too',
    async (kind, _status, body) => {
      server.answer(answerWith(200, body));
      expect(await push()).toMatchObject({ outcome: 'refused', kind });
    },
  );

  it('tells the code and what Safaricom said', async () => {
    server.answer(answerWith(500, payload('error-10')));
    expect(await push()).toMatchObject({
      errorCode: '500.001.1001',
      message:
        'Safaricom refused the payment request: HTTP 500, 500.001.1001 "[MerchantValidate] - Wrong credentials".',
    });
  });
});

describe('an answer that is not on the list leaves the outcome unknown', () => {
  it.each<[string, number, object | string]>([
    ['System internal error', 500, payload('error-07')],
    ['currently unreachable, as text', 500, 'Service is currently unreachable'],
    [
      'currently unreachable, in an envelope',
      500,
      envelope('500.001.1001', 'Service is currently unreachable'),
    ],
    ['being processed', 500, payload('stk-query-08')],
    ['maintenance', 503, envelope('00.002.1001', 'Service is currently under maintenance')],
    ['an internal server error', 500, envelope('500.003.1001', 'Internal Server Error')],
    [
      'a duplicate id that we never sent',
      500,
      envelope('500.002.1001', 'Duplicate OriginatorConversationID.'),
    ],
    ['an id that we never sent', 400, envelope('400.002.02', 'Bad Request - Invalid CheckoutRequestID')],
    ['a known message with another code', 500, envelope('500.009.99', 'Wrong credentials')],
    ['a known code with another message', 500, envelope('500.003.02', 'Something else')],
    ['a known message hidden in a longer one', 500, 'We sent it; Missing ICCID value in request'],
    ['an envelope without a message', 500, { errorCode: '500.001.1001' }],
    ['a SOAP fault', 500, payload('error-08')],
    ['an HTML page with 200', 200, '<!DOCTYPE html><html></html>'],
    ['an HTML page with 503', 503, '<html>Request unsuccessful. Incapsula incident ID: 1</html>'],
    ['an HTML page with 403', 403, '<html></html>'],
    ['an empty body with 200', 200, ''],
    ['an empty body with 400', 400, ''],
    ['an empty body with 502', 502, ''],
    ['broken JSON', 200, '{"ResponseCode":"0","CheckoutRequestID":"ws_C'],
    ['JSON that is no object', 200, '[]'],
    ['null', 200, 'null'],
    ['a listed field of another type', 500, { errorCode: 500.003, errorMessage: ['System is busy'] }],
    ['another ResponseCode', 200, { ResponseCode: '1', ResponseDescription: 'Unable to lock subscriber' }],
  ])('%s', async (_what, status, body) => {
    server.answer(answerWith(status, body));
    expect(await push()).toMatchObject({
      outcome: 'unknown',
      message: expect.any(String),
      advice: expect.stringMatching(/not send it again/),
    });
    expect(server.received).toHaveLength(1);
  });
});

it('a ResponseCode other than "0" whose text is on the list is a refusal', async () => {
  server.answer(
    answerWith(200, { ResponseCode: '1', ResponseDescription: 'Missing ICCID value in request' }),
  );
  expect(await push()).toMatchObject({ outcome: 'refused', kind: 'payer-not-eligible', errorCode: '1' });
});

it('no message repeats a phone number, an id or a token, whatever Safaricom says', async () => {
  const id = `ws_CO_24112026091500123${phoneNumber.slice(3)}`;
  const echo = `Invalid ${phoneNumber} +254 712 345 678 0712-345-678 ${id} ${token.value.reveal()}`;
  const bodies = [
    envelope('400.002.02', `Bad Request - Invalid PhoneNumber ${echo}`),
    envelope(`5${phoneNumber}`, echo),
    { fault: { faultstring: echo, detail: { errorcode: id } } },
    { Envelope: { Body: { Fault: { faultcode: id, faultstring: echo } } } },
    { ResponseCode: '1', ResponseDescription: echo },
    { ResponseCode: '0', CheckoutRequestID: 'ws_CO_1', CustomerMessage: echo },
    `Merchant not allowed to carry out transaction type ${echo}`,
    `<html>${echo}</html>`,
    echo,
  ];
  for (const status of [200, 400, 429, 500]) {
    for (const body of bodies) {
      server.answer(answerWith(status, body));
      expect(JSON.stringify(await push()).replace(/[ -]/g, '')).not.toMatch(/712345|ws_CO_24|c9SQx|\d{9}/);
    }
  }
});
