import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TokenStore } from '../../src/daraja/access-token.ts';
import { createDaraja } from '../../src/daraja/daraja.ts';
import { DarajaError } from '../../src/daraja/daraja-error.ts';
import { createMemoryTokenStore } from '../../src/daraja/memory-token-store.ts';
import { AccessTokenKeeper } from '../../src/daraja/oauth/access-token-keeper.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Masked } from '../../src/lib/masked.ts';
import { payload } from './support/payload.ts';
import {
  answerWith,
  createTestDaraja,
  manualClock,
  mintingScript,
  startScriptedServer,
  type ScriptedServer,
} from './support/scripted-daraja.ts';

let server: ScriptedServer;
beforeEach(async () => void (server = await startScriptedServer(mintingScript())));
afterEach(() => server[Symbol.asyncDispose]());

const minted = () => server.received.length;

describe('asking for a token', () => {
  it('names key and secret as Safaricom wants them', async () => {
    await using daraja = createTestDaraja(server.url);
    expect((await daraja.accessToken()).value.reveal()).toBe('token-1');
    expect(server.received[0]).toMatchObject({
      method: 'GET',
      url: '/oauth/v1/generate?grant_type=client_credentials',
      headers: { authorization: `Basic ${Buffer.from('the-key:the-secret').toString('base64')}` },
    });
  });

  it('makes one request for fifty callers at once, and none for those who follow', async () => {
    await using daraja = createTestDaraja(server.url);
    const tokens = await Promise.all(Array.from({ length: 50 }, () => daraja.accessToken()));
    expect(new Set(tokens.map(({ version }) => version))).toEqual(new Set([1]));
    await daraja.accessToken();
    expect(minted()).toBe(1);
  });

  it('makes one request for two processes that share a store', async () => {
    const tokenStore = createMemoryTokenStore(systemClock);
    await using one = createTestDaraja(server.url, { tokenStore });
    await using other = createTestDaraja(server.url, { tokenStore });
    const tokens = await Promise.all([one.accessToken(), other.accessToken()]);
    expect(tokens.map(({ value }) => value.reveal())).toEqual(['token-1', 'token-1']);
    expect(minted()).toBe(1);
  });

  it.each([
    ['a number', 100, 100],
    ['a text', '100', 100],
    ['absent', undefined, 3_599],
    ['unreadable', 'soon', 3_599],
    ['zero', 0, 3_599],
    ['absurd', 1e300, 86_400],
  ])('reads a life that is %s', async (_what, expiresIn, seconds) => {
    const clock = manualClock();
    server.answer(mintingScript(expiresIn));
    await using daraja = createTestDaraja(server.url, { clock });
    const { expiresAt } = await daraja.accessToken();
    expect((expiresAt.getTime() - clock.now().getTime()) / 1_000).toBe(seconds);
  });

  it.each(['oauth-01', 'oauth-02'])('reads %s', async (name) => {
    server.answer(answerWith(200, payload(name)));
    await using daraja = createTestDaraja(server.url);
    expect((await daraja.accessToken()).value.reveal()).toBe(JSON.parse(payload(name)).access_token);
  });
});

describe('a token that grows old', () => {
  it('is renewed when a fifth of its life is left', async () => {
    const clock = manualClock();
    await using daraja = createTestDaraja(server.url, { clock });
    await daraja.accessToken();
    clock.advance(2_870_000);
    expect((await daraja.accessToken()).version).toBe(1);
    clock.advance(20_000);
    expect((await daraja.accessToken()).version).toBe(2);
  });

  it('is used on when an early renewal fails, but not in its last minute', async () => {
    const clock = manualClock();
    await using daraja = createTestDaraja(server.url, { clock });
    await daraja.accessToken();
    server.answer(answerWith(500, ''));
    clock.advance(3_000_000);
    expect((await daraja.accessToken()).version).toBe(1);
    expect((await daraja.accessToken()).version).toBe(1);
    expect(minted()).toBe(2);
    clock.advance(545_000);
    await expect(daraja.accessToken()).rejects.toThrow(DarajaError);
  });

  it('is used although it lives shorter than the margin before its end', async () => {
    const clock = manualClock();
    server.answer(mintingScript(20));
    await using daraja = createTestDaraja(server.url, { clock });
    await daraja.accessToken();
    clock.advance(10_000);
    await daraja.accessToken();
    expect(minted()).toBe(1);
    clock.advance(11_000);
    expect((await daraja.accessToken()).version).toBe(2);
  });

  it('is used on while the store is away', async () => {
    const clock = manualClock();
    const memory = createMemoryTokenStore(clock);
    let isAway = false;
    const tokenStore: TokenStore = {
      ...memory,
      read: () => (isAway ? Promise.reject(new Error('database away')) : memory.read()),
    };
    await using daraja = createTestDaraja(server.url, { clock, tokenStore });
    await daraja.accessToken();
    isAway = true;
    clock.advance(3_000_000);
    expect((await daraja.accessToken()).version).toBe(1);
    clock.advance(599_000);
    await expect(daraja.accessToken()).rejects.toThrow('database away');
  });
});

describe('a token that was called invalid', () => {
  it('is replaced', async () => {
    await using daraja = createTestDaraja(server.url);
    const { version } = await daraja.accessToken();
    await daraja.discardAccessToken(version);
    expect(await daraja.accessToken()).toMatchObject({ version: 2 });
  });

  it('changes nothing when it is an older one', async () => {
    await using daraja = createTestDaraja(server.url);
    await daraja.accessToken();
    await daraja.discardAccessToken(1);
    await daraja.accessToken();
    await daraja.discardAccessToken(1);
    expect(await daraja.accessToken()).toMatchObject({ version: 2 });
    expect(minted()).toBe(2);
  });

  it('is replaced by the newer one that another process has stored', async () => {
    const tokenStore = createMemoryTokenStore(systemClock);
    await using one = createTestDaraja(server.url, { tokenStore });
    await using other = createTestDaraja(server.url, { tokenStore });
    await Promise.all([one.accessToken(), other.accessToken()]);
    await one.discardAccessToken(1);
    await one.accessToken();
    await other.discardAccessToken(1);
    expect(await other.accessToken()).toMatchObject({ version: 2 });
    expect(minted()).toBe(2);
  });

  it('is replaced once for many callers', async () => {
    await using daraja = createTestDaraja(server.url);
    await daraja.accessToken();
    const retries = Array.from({ length: 20 }, async () => {
      await daraja.discardAccessToken(1);
      return daraja.accessToken();
    });
    expect((await Promise.all(retries)).every(({ version }) => version === 2)).toBe(true);
    expect(minted()).toBe(2);
  });

  it('is not given to a caller who discarded it while others were waiting for it', async () => {
    await using daraja = createTestDaraja(server.url);
    const early = daraja.accessToken();
    await daraja.discardAccessToken(1);
    expect(await daraja.accessToken()).toMatchObject({ version: 2 });
    expect(await early).toMatchObject({ version: 2 });
  });
});

describe('a second invalid token within the pause', () => {
  const times = { leaseMs: 5_000, refreshPauseMs: 300, waitMs: 300, pollMs: 10 };

  function createKeepers(clock = systemClock) {
    const store = createMemoryTokenStore(clock);
    let count = 0;
    const mint = async () => {
      count += 1;
      return {
        value: new Masked(`token-${count}`),
        expiresAt: new Date(clock.now().getTime() + 3_599_000),
      };
    };
    const create = () => new AccessTokenKeeper({ store, clock, mint }, times);
    return { store, one: create(), other: create(), minted: () => count };
  }

  it('waits, and ends as contended without another request', async () => {
    const { one, minted: count } = createKeepers();
    await one.current();
    one.discard(1);
    await one.current();
    one.discard(2);
    await expect(one.current()).rejects.toMatchObject({
      name: 'DarajaError',
      reason: 'token-contended',
      outcome: 'refused',
    });
    expect(count()).toBe(2);
  });

  it('binds every process of the deployment', async () => {
    const { one, other, minted: count } = createKeepers();
    await one.current();
    one.discard(1);
    await one.current();
    expect(await other.current()).toMatchObject({ version: 2 });
    other.discard(2);
    await expect(other.current()).rejects.toMatchObject({ reason: 'token-contended' });
    expect(count()).toBe(2);
  });

  it('is answered by a newer token that comes meanwhile', async () => {
    const { one, store } = createKeepers();
    const newer = {
      version: 3,
      value: new Masked('from elsewhere'),
      expiresAt: new Date('2099-01-01T00:00:00Z'),
    };
    await one.current();
    one.discard(1);
    await one.current();
    one.discard(2);
    const waiting = one.current();
    store.read = async () => newer;
    expect(await waiting).toBe(newer);
  });

  it('is over when the pause is: then one more refresh is made', async () => {
    const { one, minted: count } = createKeepers();
    await one.current();
    one.discard(1);
    await one.current();
    one.discard(2);
    await one.current().catch(() => undefined);
    expect(await one.current()).toMatchObject({ version: 3 });
    expect(count()).toBe(3);
  });

  it('does not come from the first mint or a renewal by age', async () => {
    const clock = manualClock();
    const { one, minted: count } = createKeepers(clock);
    await one.current();
    clock.advance(3_599_000);
    await one.current();
    one.discard(2);
    expect(await one.current()).toMatchObject({ version: 3 });
    expect(count()).toBe(3);
  });
});

describe('another process that holds the right to mint', () => {
  const times = { leaseMs: 5_000, refreshPauseMs: 300, waitMs: 200, pollMs: 10 };
  const mint = async () => ({
    value: new Masked('minted here'),
    expiresAt: new Date(Date.now() + 3_599_000),
  });

  it('is waited for, and replaced when it lets go', async () => {
    const store = createMemoryTokenStore(systemClock);
    const lease = await store.lease(0, 5_000);
    const keeper = new AccessTokenKeeper({ store, clock: systemClock, mint }, times);
    const waiting = keeper.current();
    await store.release(lease?.holder ?? '');
    expect((await waiting).value.reveal()).toBe('minted here');
  });

  it('is not waited for for ever', async () => {
    const store = createMemoryTokenStore(systemClock);
    await store.lease(0, 5_000);
    const keeper = new AccessTokenKeeper({ store, clock: systemClock, mint }, times);
    await expect(keeper.current()).rejects.toMatchObject({ reason: 'token-awaited', outcome: 'unknown' });
  });
});

describe('no token', () => {
  it.each<[string, number, string, string, string | null, RegExp]>([
    [
      'wrong-credentials',
      400,
      payload('error-13'),
      'refused',
      'wrong-credentials',
      /400\.008\.01.*consumer key/,
    ],
    [
      'bad-request',
      400,
      '{"errorCode":"400.008.02","errorMessage":"Invalid grant type passed"}',
      'refused',
      'bad-request',
      /grant type/,
    ],
    [
      'bad-request',
      404,
      '{"errorCode":"404.001.04","errorMessage":"Invalid Authentication Header"}',
      'refused',
      'bad-request',
      /base URL/,
    ],
    ['wrong-environment', 400, '', 'refused', 'wrong-credentials', /sandbox/],
    ['firewall', 403, '<html></html>', 'unknown', null, /firewall/],
    [
      'firewall',
      503,
      '<html>Request unsuccessful. Incapsula incident ID: 1</html>',
      'unknown',
      null,
      /firewall/,
    ],
    ['busy', 429, '', 'refused', 'busy', /minutes/],
    ['busy', 429, payload('stk-query-10'), 'refused', 'busy', /Spike arrest/],
    ['bad-answer', 500, payload('error-07'), 'unknown', null, /System internal error/],
    ['bad-answer', 200, '{}', 'unknown', null, /unknown shape/],
    ['bad-answer', 200, '{"access_token":"a\\nb"}', 'unknown', null, /not an access token/],
    ['bad-answer', 302, '', 'unknown', null, /302/],
  ])('%s (HTTP %i, %s)', async (reason, status, body, outcome, kind, message) => {
    server.answer(answerWith(status, body));
    await using daraja = createTestDaraja(server.url);
    await expect(daraja.accessToken()).rejects.toMatchObject({
      name: 'DarajaError',
      reason,
      outcome,
      kind,
      message: expect.stringMatching(message),
    });
  });

  it('because nothing came in time', async () => {
    server.answer(() => undefined);
    await using daraja = createTestDaraja(server.url, { settings: { timeouts: { totalMs: 50 } } });
    await expect(daraja.accessToken()).rejects.toMatchObject({ reason: 'timed-out', outcome: 'unknown' });
  });

  it('because nobody is there', async () => {
    await server[Symbol.asyncDispose]();
    await using daraja = createTestDaraja(server.url);
    await expect(daraja.accessToken()).rejects.toMatchObject({ reason: 'no-connection', outcome: 'unknown' });
  });

  it('does not keep the next caller from getting one', async () => {
    server.answer(answerWith(500, ''));
    await using daraja = createTestDaraja(server.url);
    await expect(daraja.accessToken()).rejects.toThrow(DarajaError);
    server.answer(mintingScript());
    expect(await daraja.accessToken()).toMatchObject({ version: 1 });
  });
});

it('settings that cannot work are all named, without their secrets', () => {
  const create = () =>
    createDaraja(
      {
        baseUrl: 'nowhere',
        consumerKey: 'a key',
        consumerSecret: new Masked('a secret'),
        passkey: new Masked(''),
        businessShortCode: 'x',
        transactionType: 'CustomerPayBillOnline',
        partyB: '174379',
      },
      { tokenStore: createMemoryTokenStore(systemClock), clock: systemClock },
    );
  expect(create).toThrow(/base URL.*consumer key.*consumer secret.*passkey.*short code/);
  expect(create).not.toThrow(/a secret/);
});
