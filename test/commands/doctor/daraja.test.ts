import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { payload } from '../../daraja/support/payload.ts';
import {
  answerWith,
  manualClock,
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from '../../daraja/support/scripted-daraja.ts';
import { examine, verdicts } from './support/examine.ts';

let server: ScriptedServer;
let env: Record<string, string>;

beforeEach(async () => {
  server = await startScriptedServer();
  env = {
    MPESA_BASE_URL: server.url,
    MPESA_CONSUMER_KEY: 'the-consumer-key',
    MPESA_CONSUMER_SECRET: 'the-consumer-secret',
    MPESA_PASSKEY: 'the-passkey',
    MPESA_BUSINESS_SHORTCODE: '600123',
  };
});
afterEach(() => server[Symbol.asyncDispose]());

/** OAuth as it should be, and a query that is answered so. */
const queryAnswer =
  (script: Script): Script =>
  (response, request) =>
    (request.url.startsWith('/oauth') ? answerWith(200, payload('oauth-02')) : script)(response, request);

const envelope = (errorCode: string, errorMessage: string) => ({
  requestId: '1-2-3',
  errorCode,
  errorMessage,
});
const unknownId = answerWith(400, envelope('400.002.02', 'Bad Request - Invalid CheckoutRequestID'));
const firewallPage = answerWith(403, '<html>Request unsuccessful. Incapsula incident ID</html>');
const silence: Script = () => {};
const hangUp: Script = (response) => response.destroy();

describe('credentials', () => {
  it.each<[string, string, Script]>([
    ['CREDENTIALS_TAKEN ok', 'a token', answerWith(200, payload('oauth-01'))],
    ['CREDENTIALS_WRONG problem', 'a wrong key', answerWith(400, payload('error-13'))],
    [
      'CREDENTIALS_OF_SANDBOX problem',
      'an empty body, as production says to a sandbox key',
      answerWith(400, ''),
    ],
    ['DARAJA_FIREWALL problem', 'a web page', firewallPage],
    ['DARAJA_BUSY problem', 'a spike arrest', answerWith(429, payload('stk-query-10'))],
    ['DARAJA_BUSY problem', 'a busy system', answerWith(500, payload('error-11'))],
    ['DARAJA_UNREACHABLE problem', 'a dropped connection', hangUp],
    ['OAUTH_ANSWER_UNKNOWN problem', 'JSON that is something else', answerWith(200, { hello: 'world' })],
  ])('is %s at %s', async (verdict, _said, script) => {
    server.answer(script);
    expect(await verdicts('credentials', env)).toEqual([verdict]);
  });

  it('is DARAJA_TIMED_OUT where nothing is said', async () => {
    server.answer(silence);
    expect(await verdicts('credentials', env, { patienceMs: 200 })).toEqual(['DARAJA_TIMED_OUT problem']);
  });

  it('is left out, with no request made, while its settings are wrong', async () => {
    const findings = await examine('credentials', { ...env, MPESA_CONSUMER_SECRET_FILE: '/nowhere' });
    expect(findings).toMatchObject([{ status: 'skipped', code: 'SETTING_WRONG' }]);
    expect(findings[0]?.saw).toMatch(/^MPESA_CONSUMER_SECRET is not set/);
    expect(server.received).toEqual([]);
  });
});

describe('product', () => {
  it.each<[string, string, Script]>([
    ['PRODUCT_SERVED ok', 'an unknown payment', unknownId],
    ['PRODUCT_SERVED ok', 'a wrong passkey', answerWith(500, payload('error-10'))],
    ['PRODUCT_MISSING problem', '"no apiproduct match"', answerWith(401, payload('error-05'))],
    [
      'TOKEN_CONTENDED problem',
      'a token that is invalid already',
      answerWith(404, envelope('404.001.03', 'Invalid Access Token')),
    ],
    ['DARAJA_BUSY warning', 'a spike arrest', answerWith(429, payload('stk-query-10'))],
    ['DARAJA_GAVE_NO_ANSWER problem', 'a web page', firewallPage],
    ['DARAJA_GAVE_NO_ANSWER problem', 'plain text', answerWith(500, 'Service is currently unreachable')],
    ['DARAJA_GAVE_NO_ANSWER problem', 'a dropped connection', hangUp],
  ])('is %s at %s', async (verdict, _said, script) => {
    server.answer(queryAnswer(script));
    expect(await verdicts('product', env)).toEqual([verdict]);
  });

  it('is left out where there is no token', async () => {
    server.answer(answerWith(400, payload('error-13')));
    expect(await verdicts('product', env)).toEqual(['AFTER_ANOTHER skipped']);
    expect(server.received).toHaveLength(1);
  });
});

describe('passkey', () => {
  it.each<[string, string, Script]>([
    ['PASSKEY_TAKEN ok', 'an unknown payment, the right refusal', unknownId],
    ['PASSKEY_WRONG problem', 'wrong credentials', answerWith(500, payload('error-10'))],
    [
      'SHORT_CODE_UNKNOWN problem',
      'an unknown merchant',
      answerWith(500, envelope('500.001.1001', 'Merchant does not exist')),
    ],
    ['QUERY_REFUSED problem', 'an invalid short code', answerWith(400, payload('error-01'))],
    ['PASSKEY_UNPROVEN warning', '"being processed"', answerWith(500, payload('stk-query-08'))],
    ['PASSKEY_UNSEEN skipped', 'a spike arrest', answerWith(429, payload('stk-query-10'))],
    ['AFTER_ANOTHER skipped', '"no apiproduct match"', answerWith(401, payload('error-05'))],
  ])('is %s at %s', async (verdict, _said, script) => {
    server.answer(queryAnswer(script));
    expect(await verdicts('passkey', env)).toEqual([verdict]);
  });

  it('is PASSKEY_UNPROVEN at a result of a payment that cannot exist', async () => {
    server.answer(
      queryAnswer((response, { body }) => {
        const { CheckoutRequestID } = JSON.parse(body);
        const result = { ResponseCode: '0', ResultCode: '1032', ResultDesc: '', CheckoutRequestID };
        answerWith(200, result)(response, { method: '', url: '', headers: {}, body });
      }),
    );
    expect(await verdicts('passkey', env)).toEqual(['PASSKEY_UNPROVEN warning']);
  });

  it('asks once for product and passkey, signed as a payment is, about an id of the right form', async () => {
    server.answer(queryAnswer(unknownId));
    await examine('passkey', env);
    expect(server.received.map(({ url }) => url.split('?')[0])).toEqual([
      '/oauth/v1/generate',
      '/mpesa/stkpushquery/v1/query',
    ]);
    const { CheckoutRequestID, Password, Timestamp } = JSON.parse(server.received[1]?.body ?? '');
    expect(CheckoutRequestID).toMatch(/^ws_CO_\d{14,17}\d{9}$/);
    expect(Buffer.from(Password, 'base64').toString()).toBe(`600123the-passkey${Timestamp}`);
  });
});

describe('clock', () => {
  const now = '2026-11-24T09:00:00Z';

  it.each([
    ['CLOCK_AGREES_WITH_DARAJA ok', 'at the same second', '2026-11-24T09:00:00Z'],
    ['CLOCK_AGREES_WITH_DARAJA ok', '5 s later', '2026-11-24T09:00:05Z'],
    ['CLOCK_DRIFTS_FROM_DARAJA warning', '30 s later', '2026-11-24T09:00:30Z'],
    [
      'CLOCK_OFF_FROM_DARAJA problem',
      'three hours before, as where EAT was taken for UTC',
      '2026-11-24T06:00:00Z',
    ],
  ])('is %s where Daraja answers %s', async (verdict, _when, date) => {
    server.answer(answerWith(200, payload('oauth-01'), { date: new Date(date).toUTCString() }));
    expect(await verdicts('clock', env, { clock: manualClock(now) })).toEqual([verdict]);
  });

  it('says by how much, and which way', async () => {
    server.answer(
      answerWith(400, payload('error-13'), { date: new Date('2026-11-24T08:58:00Z').toUTCString() }),
    );
    const [finding] = await examine('clock', env, { clock: manualClock(now) });
    expect(finding?.saw).toMatch(/^This clock is 1(19|20) s ahead of that of Daraja\.$/);
  });

  it('is left open where Daraja does not answer', async () => {
    server.answer(hangUp);
    expect(await verdicts('clock', env)).toEqual(['CLOCK_UNSEEN skipped']);
  });
});
