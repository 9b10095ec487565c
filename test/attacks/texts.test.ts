import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Writable } from 'node:stream';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveKey } from '../../src/config/kept-secret.ts';
import { Masked } from '../../src/lib/masked.ts';
import { paymentInput, reservedPayer, rowId, TestApp, testKey } from '../support/test-app.ts';
import { openRawSocket, transports } from './support/transports.ts';

/** Cases 25, 27 and 28: what is hostile in a text, a log or a token. */

const secret = 'a-secret-of-at-least-thirty-two-characters';
let test: TestApp;
let log = '';

beforeAll(async () => {
  const into = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  test = await TestApp.start({
    env: { MALIPO_SECRET: secret },
    overrides: { logger: pino({ level: 'trace' }, into) },
  });
});
afterAll(() => test[Symbol.asyncDispose]());

const initiate = `mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) {
  transaction { id idempotencyKey metadata } userErrors { code } } }`;

describe('25: what would forge a line of the log', () => {
  const forged = '\r\n{"level":60,"msg":"forged"}\n\u001b[31mred\u001b[0m\u2028';

  it.each(transports)('is written as a text within one, over $name', async ({ ask }) => {
    log = '';
    await ask(test, {
      query: `query { nope }`,
      operationName: forged,
      extensions: { forged },
      variables: { forged },
    });
    await ask(test, { query: initiate, variables: { input: paymentInput({ phoneNumber: forged }) } });
    await ask(test, { query: initiate, variables: { input: paymentInput({ accountReference: forged }) } });
    await ask(test, {
      query: initiate,
      variables: { input: paymentInput({ idempotencyKey: `key ${forged}` }) },
    });
    await fetch(`${test.url}/${encodeURIComponent(forged)}`, { method: 'POST', body: forged });
    await fetch(`${test.url}/cb/${encodeURIComponent(forged)}`, { method: 'POST', body: forged });
    await fetch(`${test.url}/graphql?watchToken=${encodeURIComponent(forged)}`);
    const lines = log.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      const { msg } = JSON.parse(line) as { msg: string };
      expect(msg).not.toBe('forged');
    }
    expect(log).not.toContain('\u001b');
    expect(log).not.toContain('watchToken=');
  });
});

describe('27: markup and SQL', () => {
  const hostile = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'; drop table transactions; --",
    "' or '1'='1",
    '$1; select pg_sleep(10)',
    '{"$ne": null}',
    "x'::jsonb @> '{}'",
    '%_\\',
    '{{7*7}}<%= 7*7 %>',
  ];

  it.each(hostile)('%s is kept as it is and does nothing, on every transport', async (text) => {
    const metadata = { text, [text]: [text] };
    const lookup =
      'query ($key: String!) { transaction(by: { idempotencyKey: $key }) { idempotencyKey metadata } }';
    const search =
      'query ($text: String!) { transactions(where: { search: $text }) { nodes { idempotencyKey } } }';
    for (const { name, ask } of transports) {
      const idempotencyKey = `${name} ${text}`;
      const input = paymentInput({ idempotencyKey, metadata });
      const { data, errors } = await ask(test, { query: initiate, variables: { input } });
      expect(errors).toEqual([]);
      expect(data?.['initiateStkPush']).toMatchObject({ transaction: { idempotencyKey, metadata } });
      for (const other of transports) {
        const found = await other.ask(test, { query: lookup, variables: { key: idempotencyKey } });
        expect(found).toEqual({ data: { transaction: { idempotencyKey, metadata } }, errors: [] });
        const nobody = await other.ask(test, { query: lookup, variables: { key: text } });
        expect(nobody).toEqual({ data: { transaction: null }, errors: [] });
        const listed = await other.ask(test, { query: search, variables: { text: idempotencyKey } });
        expect(listed.data).toEqual({ transactions: { nodes: [{ idempotencyKey }] } });
      }
    }
  });

  it('is never answered as a page', async () => {
    const query = encodeURIComponent(
      '{ transaction(by: { idempotencyKey: "<script>alert(1)</script>" }) { id } nope }',
    );
    const { headers } = await fetch(`${test.url}/graphql?query=${query}`, {
      headers: { authorization: `Bearer ${testKey}`, accept: 'text/html,*/*' },
    });
    expect(headers.get('content-type')).toMatch(/^application\/(json|graphql-response\+json)/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('28: a token', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const key = deriveKey(new Masked(secret), 'watch-token');
  const soon = Math.floor(Date.now() / 1000) + 3_600;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const sign = (claims: object, header: object = { alg: 'HS256' }, by: KeyObject | Buffer | string = key) => {
    const body = `${part(header)}.${part(claims)}`;
    return `${body}.${createHmac('sha256', by).update(body).digest('base64url')}`;
  };

  const claimsOf = (sub: string) => ({ sub, aud: 'malipo:watch', iat: soon - 3_600, exp: soon });

  async function forgeries(sub: string): Promise<[string, string][]> {
    const claims = claimsOf(sub);
    const real = sign(claims);
    const publicPem = createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'pem' });
    return [
      ['of alg none', `${part({ alg: 'none' })}.${part(claims)}.`],
      [
        'of alg none with a signature',
        `${part({ alg: 'none' })}.${part(claims)}.${real.split('.')[2] ?? ''}`,
      ],
      [
        'signed by an RSA key',
        await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(rsa.privateKey),
      ],
      ['signed with a public key as a secret', sign(claims, { alg: 'HS256' }, String(publicPem))],
      ['that calls itself RS256', sign(claims, { alg: 'RS256' })],
      [
        'with a key of its own in its header',
        sign(claims, { alg: 'HS256', jwk: { kty: 'oct', k: 'AA' } }, Buffer.from([0])),
      ],
      ['that has expired', sign({ ...claims, exp: soon - 7_200 })],
      ['without an end', sign({ sub, aud: claims.aud })],
      ['for others', sign({ ...claims, aud: 'malipo:callback' })],
      ['of another server', sign(claims, { alg: 'HS256' }, 'another-secret-of-thirty-two-characters')],
      [
        'whose payment was changed',
        `${part({ alg: 'HS256' })}.${part({ ...claims, sub: 'x' })}.${real.split('.')[2] ?? ''}`,
      ],
    ];
  }

  it('that is forged or has expired opens nothing, on any transport', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const query = 'query ($id: ID!) { transaction(by: { id: $id }) { status } }';
    const [http, sse] = transports;
    // Made in the same way, and not forged.
    const real = await http?.ask(test, { query, variables: { id } }, sign(claimsOf(rowId(id))));
    expect(real?.data).toMatchObject({ transaction: { status: 'AWAITING_PAYER' } });
    for (const [title, token] of await forgeries(rowId(id))) {
      for (const transport of [http, sse]) {
        const accept = transport?.name === 'SSE' ? 'text/event-stream' : 'application/json';
        const { status } = await fetch(`${test.url}/graphql`, {
          method: 'POST',
          headers: { accept, 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({ query, variables: { id } }),
        });
        expect([title, status]).toEqual([title, 401]);
      }
      await using socket = await openRawSocket(test);
      socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
      expect([title, (await socket.closed).code]).toEqual([title, 4403]);
    }
  });

  it('opens its own payment and no other', async () => {
    const { transaction, watchToken } = await test.initiate({ phoneNumber: reservedPayer(28) });
    const foreign = await test.pay({ phoneNumber: reservedPayer(29) });
    const query = 'query ($id: ID!) { transaction(by: { id: $id }) { status } }';
    for (const { ask } of transports) {
      const own = await ask(test, { query, variables: { id: transaction?.id } }, watchToken ?? '');
      expect(own.data).toMatchObject({ transaction: { status: 'AWAITING_PAYER' } });
      const other = await ask(test, { query, variables: { id: foreign } }, watchToken ?? '');
      expect(other).toEqual({ data: { transaction: null }, errors: [] });
    }
  });
});
