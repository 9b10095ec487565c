import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { meaningOfResult } from '../../src/daraja/result-codes.ts';
import { payload } from './support/payload.ts';
import {
  answerWith,
  createTestDaraja,
  startScriptedServer,
  token,
  type ScriptedServer,
  type TestDaraja,
} from './support/scripted-daraja.ts';
import { CheckoutRequestId } from '../../src/daraja/checkout-request-id.ts';

const id = 'ws_CO_24112026091500123712345678';

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

const query = (checkoutRequestId = id) => daraja.stkQuery(token, new CheckoutRequestId(checkoutRequestId));
const envelope = (errorCode: string, errorMessage: string) => ({ requestId: id, errorCode, errorMessage });
const result = { ResponseCode: '0', CheckoutRequestID: id, ResultCode: '0', ResultDesc: 'Done' };

describe('a result', () => {
  it.each([
    ['stk-query-01', '0', 'paid'],
    ['stk-query-02', '0', 'paid'],
    ['stk-query-04', '1032', 'cancelled'],
    ['stk-query-05', '1001', 'subscriber-busy'],
    ['stk-query-07', '4999', 'pending'],
  ])('of %s is %s: %s', async (name, resultCode, meaning) => {
    const { CheckoutRequestID, ResultDesc } = JSON.parse(payload(name));
    server.answer(answerWith(200, payload(name)));
    const answer = await query(CheckoutRequestID);
    expect(answer).toEqual({ outcome: 'result', resultCode, resultDescription: ResultDesc });
    expect(meaningOfResult(resultCode, ResultDesc)).toBe(meaning);
  });

  it('keeps a code of letters as it is, and turns a number into its text', async () => {
    server.answer(answerWith(200, { ...result, ResultCode: 'E3008' }));
    expect(await query()).toMatchObject({ outcome: 'result', resultCode: 'E3008' });
    server.answer(answerWith(200, { ...result, ResultCode: 1032 }));
    expect(await query()).toMatchObject({ outcome: 'result', resultCode: '1032' });
  });

  it.each([
    ['is about another payment', 200, { ...result, CheckoutRequestID: 'ws_CO_other' }],
    ['comes with another HTTP status', 500, result],
    ['has no ResponseCode', 200, { ...result, ResponseCode: undefined }],
    ['has another ResponseCode', 200, { ...result, ResponseCode: '1' }],
    ['has no ResultCode', 200, { ...result, ResultCode: undefined }],
    ['has an empty ResultCode', 200, { ...result, ResultCode: '' }],
    ['has a fraction as ResultCode', 200, { ...result, ResultCode: 0.5 }],
    ['has null as ResultCode', 200, { ...result, ResultCode: null }],
    ['has true as ResultCode', 200, { ...result, ResultCode: true }],
  ])('is none when it %s', async (_what, status, body) => {
    server.answer(answerWith(status, body));
    expect(await query()).toMatchObject({ outcome: 'no-answer' });
  });
});

describe('a refusal', () => {
  it.each([
    ['not-entitled', 401, 'error-05'],
    ['wrong-credentials', 500, 'error-10'],
    ['bad-request', 400, 'error-01'],
  ])('says that it is %s (HTTP %i, %s)', async (kind, status, name) => {
    server.answer(answerWith(status, payload(name)));
    expect(await query()).toMatchObject({ outcome: 'refused', kind, advice: expect.stringMatching(/\w/) });
  });
});

describe('an answer that is no result', () => {
  it.each<[string, number, string | object]>([
    ['pending', 500, payload('stk-query-08')],
    ['too-early-or-unknown-id', 400, envelope('400.002.02', 'Bad Request - Invalid CheckoutRequestID')],
    ['throttled', 429, payload('stk-query-10')],
    ['throttled', 500, envelope('500.003.02', 'Error Occurred: Spike Arrest Violation')],
    ['throttled', 500, envelope('500.003.03', 'Quota Violation')],
    ['throttled', 429, ''],
    ['invalid-token', 404, envelope('404.001.03', 'Invalid Access Token')],
    ['invalid-token', 401, envelope('401.002.01', 'Error Occurred - Invalid Access Token - x')],
    ['refused', 401, payload('error-05')],
    ['refused', 500, payload('error-10')],
    ['refused', 500, envelope('500.001.1001', 'Merchant does not exist')],
    ['refused', 400, payload('error-01')],
    ['no-answer', 500, payload('error-11')],
    ['no-answer', 500, payload('error-07')],
    [
      'no-answer',
      500,
      envelope('500.001.1001', 'Unable to lock subscriber, a transaction is already in process'),
    ],
    ['no-answer', 500, payload('error-08')],
    ['no-answer', 500, 'Service is currently unreachable'],
    ['no-answer', 200, '<html></html>'],
    ['no-answer', 503, '<html></html>'],
    ['no-answer', 200, ''],
    ['no-answer', 200, '{"ResultCode":'],
  ])('is %s (HTTP %i, %o)', async (outcome, status, body) => {
    server.answer(answerWith(status, body));
    const answer = await query();
    expect(answer.outcome).toBe(outcome);
    expect(JSON.stringify(answer)).not.toMatch(/\d{9}/);
  });
});

it('asks with the id and a signature, and nothing else', async () => {
  server.answer(answerWith(200, result));
  await query();
  expect(server.received[0]).toMatchObject({ method: 'POST', url: '/mpesa/stkpushquery/v1/query' });
  expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
    BusinessShortCode: '174379',
    Password: expect.any(String),
    Timestamp: expect.stringMatching(/^\d{14}$/),
    CheckoutRequestID: id,
  });
});

it('gives no answer when nobody is there', async () => {
  await server[Symbol.asyncDispose]();
  expect(await query()).toMatchObject({ outcome: 'no-answer', message: expect.stringMatching(/refused/) });
});
