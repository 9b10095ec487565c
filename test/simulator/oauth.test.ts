import { describe, expect, it } from 'vitest';
import { TestApp, reserved } from './support/test-app.ts';

const generate = '/oauth/v1/generate';
const basic = { authorization: `Basic ${Buffer.from('key:secret').toString('base64')}` };
const invalidToken = {
  status: 404,
  json: { errorCode: '404.001.03', errorMessage: 'Invalid Access Token' },
};

describe('OAuth', () => {
  it('gives a new token for any credentials, and expires_in as a string', async () => {
    await using app = await TestApp.open();
    const first = await app.authenticate('a:b');
    const second = await app.authenticate('a:b');
    expect(first).toMatchObject({ status: 200, json: { expires_in: '3599' } });
    expect(first.json['access_token']).toMatch(/^[A-Za-z0-9]{28}$/);
    expect(second.json['access_token']).not.toBe(first.json['access_token']);
  });

  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Bearer key' }],
    ['no secret', { authorization: `Basic ${Buffer.from('key:').toString('base64')}` }],
    ['no base64', { authorization: 'Basic key:secret' }],
  ])('answers 400.008.01 to %s', async (_case, headers) => {
    await using app = await TestApp.open();
    const answer = await app.send('GET', `${generate}?grant_type=client_credentials`, {
      headers,
    });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      requestId: expect.any(String),
      errorCode: '400.008.01',
      errorMessage: 'Invalid Authentication passed',
    });
  });

  it.each(['', '?grant_type=password'])('answers 400.008.02 to the grant type "%s"', async (search) => {
    await using app = await TestApp.open();
    expect(await app.send('GET', generate + search, { headers: basic })).toMatchObject({
      status: 400,
      json: { errorCode: '400.008.02', errorMessage: 'Invalid grant type passed' },
    });
  });

  it('answers 404.001.04 to POST', async () => {
    await using app = await TestApp.open();
    expect(await app.send('POST', generate, { headers: basic })).toMatchObject({
      status: 404,
      json: { errorCode: '404.001.04', errorMessage: 'Invalid Authentication Header' },
    });
  });

  it('keeps an older token valid by default', async () => {
    await using app = await TestApp.open();
    const { token } = app;
    await app.authenticate();
    app.token = token;
    expect(await app.push(reserved(0))).toMatchObject({ status: 200 });
  });

  it('cancels the older token of the same consumer key, and no other, when told to', async () => {
    await using app = await TestApp.open({ newTokenCancelsOld: true });
    const older = app.token;
    await app.authenticate('other-key:secret');
    const other = app.token;
    await app.authenticate();
    app.token = older;
    expect(await app.push(reserved(0))).toMatchObject(invalidToken);
    app.token = other;
    expect(await app.push(reserved(0))).toMatchObject({ status: 200 });
  });

  it('lets a token expire after 3599 seconds', async () => {
    let now = Date.parse('2026-11-24T09:00:00Z');
    await using app = await TestApp.open({}, { now: () => new Date(now) });
    now += 3_598_999;
    expect(await app.push(reserved(0))).toMatchObject({ status: 200 });
    now += 1;
    expect(await app.push(reserved(0))).toMatchObject(invalidToken);
    expect(await app.query('ws_CO_1')).toMatchObject(invalidToken);
  });
});
