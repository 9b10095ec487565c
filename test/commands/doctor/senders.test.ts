import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerWith, startScriptedServer, type Script } from '../../daraja/support/scripted-daraja.ts';
import { TestApp } from '../../support/test-app.ts';
import { examine, verdicts } from './support/examine.ts';

const credentials = {
  MPESA_CONSUMER_KEY: 'the-consumer-key',
  MPESA_CONSUMER_SECRET: 'the-consumer-secret',
  MPESA_PASSKEY: 'the-passkey',
  MPESA_BUSINESS_SHORTCODE: '600123',
  CALLBACK_BASE_URL: 'https://pay.example.com',
};
const sandbox = { ...credentials, MPESA_ENVIRONMENT: 'sandbox' };
const production = {
  ...credentials,
  MPESA_ENVIRONMENT: 'production',
  MALIPO_SECRET: 'f'.repeat(32),
  DATABASE_URL: 'postgresql://127.0.0.1:1/malipo',
};

describe('allow-list', () => {
  it.each([
    ['ALLOW_LIST_LOCAL ok', {}],
    ['CALLBACKS_BY_TOKEN ok', sandbox],
    ['ALLOW_LIST_KNOWS_SAFARICOM ok', production],
    ['ALLOW_LIST_KNOWS_SAFARICOM ok', { ...production, CALLBACK_ALLOWED_IPS: '196.201.212.0/22' }],
    ['ALLOW_LIST_LACKS_SAFARICOM warning', { ...production, CALLBACK_ALLOWED_IPS: '196.201.214.0/24' }],
    ['ALLOW_LIST_LACKS_SAFARICOM warning', { ...sandbox, CALLBACK_ALLOWED_IPS: '203.0.113.9' }],
    ['ALLOW_LIST_OPEN problem', { ...production, CALLBACK_ALLOWED_IPS: '196.201.212.0/22,0.0.0.0/0' }],
  ])('is %s with %o', async (verdict, env) => {
    expect(await verdicts('allow-list', env)).toEqual([verdict]);
  });

  it('names the addresses that it lacks', async () => {
    const [finding] = await examine('allow-list', {
      ...production,
      CALLBACK_ALLOWED_IPS: '196.201.212.0/22',
    });
    expect(finding?.saw).not.toContain('196.201.213.44');
    const [lacking] = await examine('allow-list', {
      ...production,
      CALLBACK_ALLOWED_IPS: '196.201.214.0/24',
    });
    expect(lacking?.saw).toContain('196.201.213.44');
    expect(lacking?.saw).not.toContain('196.201.214.200');
  });
});

describe('proxies', () => {
  it.each([
    ['PROXIES_NONE ok', {}],
    ['PROXY_NOT_TRUSTED warning', { CALLBACK_BASE_URL: 'https://tunnel.example.com' }],
    ['PROXY_NEED_NOT_BE_TRUSTED ok', sandbox],
    ['PROXY_NOT_TRUSTED problem', { ...sandbox, CALLBACK_ALLOWED_IPS: '196.201.212.0/22' }],
    ['PROXY_NOT_TRUSTED problem', production],
    ['PROXIES_TRUSTED ok', { ...production, TRUSTED_PROXIES: '127.0.0.1' }],
    ['PROXIES_TRUSTED ok', { ...production, HOST: '::1', TRUSTED_PROXIES: '::1' }],
    ['PROXIES_TRUSTED ok', { ...production, HOST: '0.0.0.0', TRUSTED_PROXIES: '10.0.0.5' }],
    ['PROXY_ELSEWHERE problem', { ...production, TRUSTED_PROXIES: '10.0.0.5' }],
    ['PROXIES_ARE_EVERYBODY problem', { ...production, TRUSTED_PROXIES: '127.0.0.1,::/0' }],
  ])('is %s with %o', async (verdict, env) => {
    expect(await verdicts('proxies', env)).toEqual([verdict]);
  });
});

describe('forged-sender', () => {
  const guarded = {
    MPESA_ENVIRONMENT: 'simulator',
    TRUSTED_PROXIES: '127.0.0.1',
    CALLBACK_ALLOWED_IPS: '196.201.214.200',
  };
  let malipo: TestApp;
  let env: Record<string, string>;
  beforeAll(async () => {
    malipo = await TestApp.start({ env: guarded });
    env = { ...guarded, PORT: new URL(malipo.url).port };
  });
  afterAll(() => malipo[Symbol.asyncDispose]());

  /** Hands requests on to Malipo, with an X-Forwarded-For of its making. */
  const proxyThat =
    (writes: (claimed: string) => string): Script =>
    (response, { method, url, headers, body }) => {
      const forwarded = writes(String(headers['x-forwarded-for'] ?? ''));
      void fetch(`${malipo.url}${url}`, {
        method,
        headers: { 'x-forwarded-for': forwarded },
        ...(method === 'POST' ? { body } : {}),
      }).then(async (answer) =>
        answerWith(answer.status, await answer.text())(response, { method, url, headers, body }),
      );
    };
  /** Where the test comes from, as such a proxy would see it. */
  const peer = '203.0.113.9';

  it.each([
    ['SENDER_NOT_FORGED ok', 'writes the address that it sees', () => peer],
    ['SENDER_NOT_FORGED ok', 'adds it to what was claimed', (claimed: string) => `${claimed}, ${peer}`],
    ['PROXY_PASSES_CLAIMS problem', 'passes on what was claimed', (claimed: string) => claimed || peer],
    ['SENDER_BELIEVED_HERE ok', 'says that all come from Safaricom', () => '196.201.214.200'],
  ])('is %s where the proxy %s', async (verdict, _what, writes) => {
    await using proxy = await startScriptedServer(proxyThat(writes));
    expect(await verdicts('forged-sender', { ...env, CALLBACK_BASE_URL: proxy.url })).toEqual([verdict]);
  });

  it('is left open where posts do not get through', async () => {
    await using proxy = await startScriptedServer((response, request) => {
      if (request.method === 'POST') answerWith(405, '')(response, request);
      else proxyThat(() => peer)(response, request);
    });
    expect(await verdicts('forged-sender', { ...env, CALLBACK_BASE_URL: proxy.url })).toEqual([
      'SENDER_UNSEEN skipped',
    ]);
  });

  it('has nothing to look for where no proxy is trusted', async () => {
    const { TRUSTED_PROXIES: _none, ...rest } = env;
    expect(await verdicts('forged-sender', rest)).toEqual(['SENDER_NOT_CLAIMED ok']);
  });

  it('leaves nothing behind', async () => {
    expect(await malipo.prisma.evidence.count()).toBe(0);
    expect(await malipo.prisma.unmatchedEvidence.count()).toBe(0);
  });
});
