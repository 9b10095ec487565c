import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../../src/commands/doctor/probes/is-public-address.ts';
import { TestApp } from '../../support/test-app.ts';
import { answerWith, manualClock, startScriptedServer } from '../../daraja/support/scripted-daraja.ts';
import { examine, verdicts } from './support/examine.ts';
import { startHttpsServer, trustCertificates } from './support/https-server.ts';

const simulator = { MPESA_ENVIRONMENT: 'simulator' };
const sandbox = {
  MPESA_ENVIRONMENT: 'sandbox',
  MPESA_CONSUMER_KEY: 'the-consumer-key',
  MPESA_CONSUMER_SECRET: 'the-consumer-secret',
  MPESA_PASSKEY: 'the-passkey',
  MPESA_BUSINESS_SHORTCODE: '174379',
};
const healthy = { status: 'healthy', endpoint: '/mpesa/callback', timestamp: '2026-11-24T09:00:00.000Z' };
const asMalipo = (_request: IncomingMessage, response: ServerResponse) =>
  response.end(JSON.stringify(healthy));

/** Nothing listens there. */
const nowhere = 'http://127.0.0.1:1';

let malipo: TestApp;
/** Settings with which the running server is this one's. */
let running: Record<string, string>;
beforeAll(async () => {
  malipo = await TestApp.start();
  running = { ...simulator, PORT: new URL(malipo.url).port };
});
afterAll(() => malipo[Symbol.asyncDispose]());

describe('callback-url', () => {
  it.each([
    ['CALLBACK_URL_OWN ok', {}],
    ['CALLBACK_URL_FITS ok', { ...sandbox, CALLBACK_BASE_URL: 'https://pay.example.com' }],
    ['CALLBACK_URL_NOT_HTTPS problem', { ...sandbox, CALLBACK_BASE_URL: 'http://pay.example.com' }],
    ['CALLBACK_URL_TUNNEL warning', { ...sandbox, CALLBACK_BASE_URL: 'https://abc.ngrok-free.app' }],
    ['CALLBACK_URL_WORD warning', { ...simulator, CALLBACK_BASE_URL: 'https://mpesa.example.com' }],
    // The settings say so, and the server would not start.
    ['SETTING_WRONG skipped', { ...sandbox, CALLBACK_BASE_URL: 'https://mpesa.example.com' }],
  ])('is %s with %o', async (verdict, env) => {
    expect(await verdicts('callback-url', env)).toEqual([verdict]);
  });
});

describe('callback-address', () => {
  it.each([
    ['CALLBACK_ADDRESS_OWN ok', {}],
    ['CALLBACK_ADDRESS_FOUND ok', { ...simulator, CALLBACK_BASE_URL: 'https://localhost' }],
    ['CALLBACK_ADDRESS_FOUND ok', { ...sandbox, CALLBACK_BASE_URL: 'https://196.201.214.200' }],
    ['CALLBACK_ADDRESS_PRIVATE problem', { ...sandbox, CALLBACK_BASE_URL: 'https://localhost' }],
    ['CALLBACK_ADDRESS_PRIVATE problem', { ...sandbox, CALLBACK_BASE_URL: 'https://192.168.1.5' }],
    ['CALLBACK_ADDRESS_PRIVATE problem', { ...sandbox, CALLBACK_BASE_URL: 'https://[fd00::5]' }],
    ['CALLBACK_HOST_UNKNOWN problem', { ...sandbox, CALLBACK_BASE_URL: 'https://pay.invalid' }],
  ])('is %s with %o', async (verdict, env) => {
    expect(await verdicts('callback-address', env)).toEqual([verdict]);
  });
});

describe('an address', () => {
  it.each(['196.201.214.200', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450::5', '::ffff:8.8.8.8'])(
    '%s is on the internet',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each(['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'])(
    '%s is not',
    (address) => expect(isPublicAddress(address)).toBe(false),
  );

  it.each(['::1', '::', 'fd12::1', 'fe80::1', '::ffff:10.0.0.1'])('%s is not', (address) =>
    expect(isPublicAddress(address)).toBe(false),
  );
});

describe('callback-certificate', () => {
  const at = (host: string, port: number) => ({ ...simulator, CALLBACK_BASE_URL: `https://${host}:${port}` });

  it('is ok when a known authority vouches for it', async () => {
    await using server = await startHttpsServer('localhost', asMalipo);
    using _trust = trustCertificates();
    expect(await verdicts('callback-certificate', at('localhost', server.port))).toEqual([
      'CERTIFICATE_TRUSTED ok',
    ]);
  });

  it.each([
    [13, 'CERTIFICATE_EXPIRES_SOON warning'],
    [15, 'CERTIFICATE_TRUSTED ok'],
  ])('%i days before its end is %s', async (days, verdict) => {
    await using server = await startHttpsServer('localhost', asMalipo);
    using _trust = trustCertificates();
    const clock = manualClock('2126-01-01T00:00:00Z');
    clock.advance(-days * 24 * 60 * 60 * 1000);
    expect(await verdicts('callback-certificate', at('localhost', server.port), { clock })).toEqual([
      verdict,
    ]);
  });

  it.each<['localhost' | 'expired', string, boolean, RegExp]>([
    ['localhost', 'localhost', false, /signed by itself/],
    ['localhost', '127.0.0.1', true, /for another name/],
    ['expired', 'localhost', true, /expired/],
  ])('%s, seen as %s, is not trusted', async (certificate, host, isKnown, saw) => {
    await using server = await startHttpsServer(certificate, asMalipo);
    using _trust = isKnown ? trustCertificates() : null;
    const [finding] = await examine('callback-certificate', at(host, server.port));
    expect(finding).toMatchObject({ status: 'problem', code: 'CERTIFICATE_NOT_TRUSTED' });
    expect(finding?.saw).toMatch(saw);
  });

  it('is a problem where no TLS is spoken, or nothing at all', async () => {
    await using plain = await startScriptedServer(answerWith(200, healthy));
    const port = Number(new URL(plain.url).port);
    expect(await verdicts('callback-certificate', at('127.0.0.1', port))).toEqual([
      'HTTPS_NOT_ANSWERED problem',
    ]);
    expect(await verdicts('callback-certificate', at('127.0.0.1', 1))).toEqual([
      'HTTPS_NOT_ANSWERED problem',
    ]);
  });
});

describe('callback-reach', () => {
  it('arrives at a server that runs here, by its own address and by another', async () => {
    expect(await verdicts('callback-reach', running)).toEqual(['CALLBACK_ARRIVES ok']);
    const byName = { ...running, CALLBACK_BASE_URL: malipo.url.replace('127.0.0.1', 'localhost') };
    expect(await verdicts('callback-reach', byName)).toEqual(['CALLBACK_ARRIVES ok']);
  });

  it('arrives through HTTPS, under a path', async () => {
    const seen: (string | undefined)[] = [];
    await using server = await startHttpsServer('localhost', (request, response) => {
      seen.push(request.url);
      asMalipo(request, response);
    });
    using _trust = trustCertificates();
    const env = { ...simulator, PORT: '1', CALLBACK_BASE_URL: `https://localhost:${server.port}/pay` };
    expect(await verdicts('callback-reach', env)).toEqual(['CALLBACK_ARRIVES ok']);
    expect(seen).toEqual(['/pay/mpesa/callback/health']);
  });

  it.each<[string, ReturnType<typeof answerWith>]>([
    [
      'CALLBACK_REDIRECTED problem',
      answerWith(301, '', { location: 'https://www.example.com/pay?token=abc' }),
    ],
    ['CALLBACK_ANSWERED_BY_ANOTHER problem', answerWith(200, '<html>Welcome</html>')],
    ['CALLBACK_ANSWERED_BY_ANOTHER problem', answerWith(200, { status: 'healthy' })],
    ['CALLBACK_REFUSED problem', answerWith(403, 'Forbidden')],
    ['CALLBACK_REFUSED problem', answerWith(404, 'Not Found')],
    ['CALLBACK_REFUSED problem', answerWith(502, 'Bad Gateway')],
  ])('is %s where a proxy in front says something else', async (verdict, script) => {
    await using proxy = await startScriptedServer(script);
    const findings = await examine('callback-reach', { ...running, CALLBACK_BASE_URL: proxy.url });
    expect(findings.map(({ code, status }) => `${code} ${status}`)).toEqual([verdict]);
    expect(JSON.stringify(findings)).not.toContain('abc');
  });

  it('is a problem where the server runs and nothing answers', async () => {
    const env = { ...running, CALLBACK_BASE_URL: nowhere };
    expect(await verdicts('callback-reach', env)).toEqual(['CALLBACK_UNREACHABLE problem']);
  });

  it.each([
    ['nothing answers', null],
    ['a proxy says that nothing does', answerWith(502, '')],
  ])('is left open where no server runs and %s', async (_title, script) => {
    await using proxy = await startScriptedServer(script ?? answerWith(500, ''));
    const env = { ...simulator, PORT: '1', CALLBACK_BASE_URL: script === null ? nowhere : proxy.url };
    expect(await verdicts('callback-reach', env)).toEqual(['CALLBACK_SERVER_NOT_RUNNING skipped']);
  });
});
