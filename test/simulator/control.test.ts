import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { itemOf } from './support/callback-inbox.ts';
import { TestApp, reserved } from './support/test-app.ts';

const phone = '254712345678';

describe('the control API', () => {
  it('describes itself and the reserved numbers', async () => {
    await using app = await TestApp.open();
    const { status, json } = await app.control('GET', '');
    expect(status).toBe(200);
    expect(json['routes']).toContainEqual({
      method: 'POST',
      path: '/_simulator/reset',
      does: expect.any(String),
    });
    expect(json['phones']).toHaveLength(31);
  });

  it('counts', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(phone);
    await app.push('0712');
    await app.inbox.next();
    await app.query(id);
    await app.query('unknown');
    expect(await app.stats()).toEqual({
      oauthTokens: 1,
      pushes: 2,
      promptsAccepted: 1,
      queries: 2,
      callbacksSent: 1,
      callbacksAnswered: 1,
    });
  });

  it('lists payments with their deliveries', async () => {
    await using app = await TestApp.open();
    const { json } = await app.push(reserved(28));
    const id = String(json['CheckoutRequestID']);
    await app.query(id);
    await app.control('POST', `/payments/${id}/decide`, { decision: 'pay' });
    const { body } = await app.inbox.next();
    expect(await app.payments()).toEqual([
      {
        CheckoutRequestID: id,
        MerchantRequestID: json['MerchantRequestID'],
        phone: reserved(28),
        amount: 10,
        reference: 'INV-1',
        callbackUrl: app.inbox.url,
        requestedAt: expect.any(String),
        state: 'decided',
        outcome: 'waits for a person',
        resultCode: '0',
        queries: 1,
        deliveries: [
          {
            at: expect.any(String),
            body,
            status: 200,
            answer: '{"ResultCode":0,"ResultDesc":"Success"}',
            error: null,
          },
        ],
      },
    ]);
  });

  it('records a callback that nobody took, and does not send it again', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(28), { CallBackURL: 'http://127.0.0.1:1/cb' });
    const { json } = await app.control('POST', `/payments/${id}/decide`, { decision: 'pay' });
    expect(json['deliveries']).toMatchObject([
      { status: null, answer: null, error: expect.stringContaining('ECONNREFUSED') },
    ]);
    expect(await app.stats()).toMatchObject({ callbacksSent: 1, callbacksAnswered: 0 });
  });

  it('follows no redirect', async () => {
    await using app = await TestApp.open();
    await using target = await TestApp.open();
    const { createServer } = await import('node:http');
    const server = createServer((_request, response) => {
      response.writeHead(307, { location: target.inbox.url }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const id = await app.prompt(reserved(28), { CallBackURL: `http://127.0.0.1:${port}/` });
    const { json } = await app.control('POST', `/payments/${id}/decide`, { decision: 'pay' });
    server.close();
    expect(json['deliveries']).toMatchObject([{ status: 307 }]);
    expect(target.inbox.posts).toEqual([]);
  });

  it.each([
    [{ decision: 'pay' }, 0],
    [{ decision: 'cancel' }, 1032],
    [{ decision: 'wrong-pin' }, 2001],
    [{ decision: 'insufficient-funds' }, 1],
    [{ decision: 'ignore' }, 1037],
    [{ resultCode: 17 }, 17],
    [{ resultCode: 'SFC_IC0003' }, 'SFC_IC0003'],
  ])('decides 28 by %j: callback and query say %s', async (body, code) => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(28));
    expect(await app.control('POST', `/payments/${id}/decide`, body)).toMatchObject({
      status: 200,
      json: { state: 'decided', resultCode: String(code) },
    });
    expect(await app.inbox.nextCallback()).toMatchObject({ ResultCode: code });
    expect(await app.queryCode(id)).toBe(String(code));
  });

  it('decides in place of any payer who still thinks', async () => {
    await using app = await TestApp.open({ delayMs: 400 });
    const id = await app.prompt(phone);
    await app.control('POST', `/payments/${id}/decide`, { decision: 'cancel' });
    expect(await app.inbox.nextCallback()).toMatchObject({ ResultCode: 1032 });
    // The payer's own decision was called off: the next payment's callback is the next to come.
    const next = await app.prompt(phone);
    expect(await app.inbox.nextCallback()).toMatchObject({ CheckoutRequestID: next });
  });

  it('decides a payment only once', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(28));
    await app.control('POST', `/payments/${id}/decide`, { decision: 'cancel' });
    expect(await app.control('POST', `/payments/${id}/decide`, { decision: 'pay' })).toMatchObject({
      status: 409,
      json: { code: 'NOT_OPEN', message: expect.any(String), path: ['checkoutRequestId'] },
    });
  });

  it('sends a callback with overrides, which decides nothing', async () => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(29));
    const overrides = { amount: 12.5, receipt: 'UKO0000001' };
    expect(await app.control('POST', `/payments/${id}/callback`, overrides)).toMatchObject({
      json: { status: 200, error: null },
    });
    const success = await app.inbox.nextCallback();
    expect(itemOf(success, 'Amount')).toBe(12.5);
    expect(itemOf(success, 'MpesaReceiptNumber')).toBe('UKO0000001');
    await app.control('POST', `/payments/${id}/callback`, { resultCode: '1037' });
    expect(await app.inbox.nextCallback()).toMatchObject({ ResultCode: 1037 });
    await app.control('POST', `/payments/${id}/callback`, { body: '<xml/>' });
    expect(await app.inbox.next()).toMatchObject({ body: '<xml/>' });
    expect(await app.queryCode(id)).toBe('4999');
  });

  it('sends a callback for a push that was dropped', async () => {
    await using app = await TestApp.open();
    await app.push(reserved(17)).catch(() => null);
    const [payment] = await app.payments();
    expect(payment).toMatchObject({ state: 'not-prompted' });
    const id = String(payment?.['CheckoutRequestID']);
    expect(await app.queryCode(id)).toBe('Bad Request - Invalid CheckoutRequestID');
    await app.control('POST', `/payments/${id}/callback`);
    expect(await app.inbox.nextCallback()).toMatchObject({ ResultCode: 0, CheckoutRequestID: id });
  });

  it('makes any phone act like a reserved number, and undoes it', async () => {
    await using app = await TestApp.open();
    expect(await app.control('PUT', `/phones/${phone}`, { outcome: 18 })).toMatchObject({ status: 200 });
    expect(await app.push(phone)).toMatchObject({ status: 429 });
    await app.control('PUT', `/phones/${phone}`, { outcome: 2 });
    await app.push(phone);
    expect(await app.inbox.nextCallback()).toMatchObject({ ResultCode: 1032 });
    expect(await app.control('DELETE', `/phones/${phone}`)).toMatchObject({ json: { outcome: 'pays' } });
    await app.push(phone);
    expect(await app.inbox.nextCallback()).toMatchObject({ ResultCode: 0 });
  });

  it('revokes every token', async () => {
    await using app = await TestApp.open();
    expect((await app.control('POST', '/tokens/revoke')).json).toEqual({ revoked: 1 });
    expect(await app.push(phone)).toMatchObject({ status: 404, json: { errorCode: '404.001.03' } });
    await app.authenticate();
    expect(await app.push(phone)).toMatchObject({ status: 200 });
  });

  it('forgets everything but tokens on reset', async () => {
    await using app = await TestApp.open({ delayMs: 400 });
    await app.control('PUT', `/phones/${phone}`, { outcome: 2 });
    await app.push(phone);
    expect(await app.control('POST', '/reset')).toMatchObject({ json: { pushes: 0, oauthTokens: 0 } });
    expect(await app.payments()).toEqual([]);
    await app.push(phone);
    // Not the cancelled payment of before: its payer was forgotten.
    expect(await app.inbox.nextCallback()).toMatchObject({ ResultCode: 0 });
    expect(await app.stats()).toMatchObject({ callbacksSent: 1 });
  });

  it.each([
    ['POST', '/payments/:id/decide', {}, 400, 'BAD_INPUT', []],
    ['POST', '/payments/:id/decide', { decision: 'dance' }, 400, 'BAD_INPUT', ['decision']],
    ['POST', '/payments/:id/decide', { decision: 'toString' }, 400, 'BAD_INPUT', ['decision']],
    ['POST', '/payments/:id/decide', { resultCode: {} }, 400, 'BAD_INPUT', ['resultCode']],
    ['POST', '/payments/:id/decide', { pay: true }, 400, 'BAD_INPUT', ['pay']],
    ['POST', '/payments/:id/decide', [], 400, 'BAD_INPUT', []],
    ['POST', '/payments/unknown/decide', { decision: 'pay' }, 404, 'NOT_FOUND', ['checkoutRequestId']],
    ['POST', '/payments/:id/callback', { amount: -1 }, 400, 'BAD_INPUT', ['amount']],
    ['POST', '/payments/:id/callback', { receipt: 1 }, 400, 'BAD_INPUT', ['receipt']],
    ['POST', '/payments/:id/callback', { reciept: 'A' }, 400, 'BAD_INPUT', ['reciept']],
    ['PUT', '/phones/0712345678', { outcome: 1 }, 400, 'BAD_INPUT', ['phone']],
    ['PUT', `/phones/${phone}`, { outcome: 31 }, 400, 'BAD_INPUT', ['outcome']],
    ['PUT', `/phones/${phone}`, { outcome: '1' }, 400, 'BAD_INPUT', ['outcome']],
    ['PUT', `/phones/${phone}`, {}, 400, 'BAD_INPUT', ['outcome']],
    ['GET', '/nothing', undefined, 404, 'NOT_FOUND', []],
  ])('answers %s %s %j with %i %s at %j', async (method, path, body, status, code, at) => {
    await using app = await TestApp.open();
    const id = await app.prompt(reserved(28));
    const answer = await app.control(method, path.replace(':id', id), body);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({ code, message: expect.any(String), path: at });
  });

  it('answers BAD_JSON to a body that is none', async () => {
    await using app = await TestApp.open();
    const answer = await app.send('PUT', `/_simulator/phones/${phone}`, { body: '{"outcome":' });
    expect(answer).toMatchObject({ status: 400, json: { code: 'BAD_JSON', path: [] } });
  });

  it.each([
    ['a web page', { origin: 'http://localhost:3000' }],
    ['a sandboxed page', { origin: 'null' }],
    ['a name that was pointed at loopback', { host: 'evil.example:4100' }],
  ])('refuses %s', async (_case, headers) => {
    await using app = await TestApp.open();
    for (const path of ['', '/payments', '/nothing']) {
      const answer = await request(`${app.simulator.url}/_simulator${path}`, { headers });
      expect(answer.statusCode).toBe(403);
      expect(await answer.body.json()).toMatchObject({ code: 'FORBIDDEN' });
    }
  });

  it('answers to every loopback name', async () => {
    await using app = await TestApp.open();
    for (const host of ['localhost', 'LOCALHOST:4100', '127.0.0.1:1', '[::1]:4100']) {
      const answer = await request(`${app.simulator.url}/_simulator/stats`, { headers: { host } });
      expect(answer.statusCode).toBe(200);
      await answer.body.dump();
    }
  });
});
