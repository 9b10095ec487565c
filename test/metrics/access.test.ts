import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueKey } from '../support/keys.ts';
import { scrape } from '../support/scrape.ts';
import { reservedPayer, TestApp, testKey } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await TestApp.start({ config: { metrics: { port: 0, isPortShared: false } } });
});
afterAll(() => test[Symbol.asyncDispose]());

const get = (authorization?: string): Promise<Response> =>
  fetch(`${test.url}/metrics`, { headers: authorization === undefined ? {} : { authorization } });

describe('GET /metrics on the main port', () => {
  it.each([undefined, 'Bearer mlp_test_nobody_has_this_key', 'Basic bWFsaXBvOm1hbGlwbw==', `Bearer`])(
    'is closed to %s',
    async (authorization) => {
      const response = await get(authorization);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await response.text()).not.toContain('malipo_');
    },
  );

  it('is closed to a key without the scope', async () => {
    const { key } = await issueKey(test.prisma, ['payments:read', 'payments:manage', 'admin']);
    const response = await get(`Bearer ${key}`);
    expect(response.status).toBe(403);
    expect(await response.text()).not.toContain('malipo_');
  });

  it('is closed to a watch token', async () => {
    const { watchToken } = await test.initiate({ phoneNumber: reservedPayer(0) });
    expect((await get(`Bearer ${String(watchToken)}`)).status).toBe(403);
  });

  it('takes a key in the header alone', async () => {
    expect((await fetch(`${test.url}/metrics?watchToken=${testKey}&key=${testKey}`)).status).toBe(401);
  });

  it('is open to a key with the scope and no other', async () => {
    const { key } = await issueKey(test.prisma, ['metrics']);
    expect((await scrape(test.url, key)).value('malipo_serving')).toBe(1);
  });

  it('is closed again once the key is revoked', async () => {
    const { key } = await issueKey(test.prisma, ['metrics'], { revokedAt: new Date() });
    expect((await get(`Bearer ${key}`)).status).toBe(401);
  });
});

describe('METRICS_PORT', () => {
  const url = (): string => test.app.metricsUrl ?? expect.fail('It has a port of its own');

  it('listens on this machine alone, whatever HOST is', async () => {
    await using anywhere = await TestApp.start({
      env: { HOST: '0.0.0.0', MPESA_ENVIRONMENT: 'simulator' },
      config: { metrics: { port: 0, isPortShared: false } },
    });
    expect(anywhere.app.metricsUrl).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });

  it('needs no key', async () => {
    expect((await scrape(url())).value('malipo_serving')).toBe(1);
  });

  it.each(['/graphql', '/health/live', '/mpesa/callback/health', '/'])('serves no %s', async (path) => {
    expect((await fetch(`${url()}${path}`)).status).toBe(404);
  });
});

it('a port that several processes share refuses to speak for one of them', async () => {
  await using shared = await TestApp.start({ config: { metrics: { port: null, isPortShared: true } } });
  const response = await fetch(`${shared.url}/metrics`, { headers: { authorization: `Bearer ${testKey}` } });
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ message: expect.stringContaining('METRICS_PORT') });
});
