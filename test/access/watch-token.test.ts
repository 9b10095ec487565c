import { createSecretKey, type KeyObject } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { makeWatchToken, readWatchToken, watchTokenLifeSeconds } from '../../src/access/watch-token.ts';
import { newId } from '../../src/lib/ids.ts';

const now = new Date('2026-11-24T07:10:00.500Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const key = createSecretKey(Buffer.alloc(32, 1));
const otherKey = createSecretKey(Buffer.alloc(32, 2));
const transactionId = newId(now);
const { watchToken, watchTokenExpiresAt } = await makeWatchToken(key, transactionId, now);

const signed = (alg = 'HS256') =>
  new SignJWT({}).setProtectedHeader({ alg }).setSubject(transactionId).setIssuedAt(now);
const read = (token: string, at = now, keys: readonly KeyObject[] = [key]) => readWatchToken(keys, token, at);

it('opens the payment that it was made for', async () => {
  expect(await read(watchToken)).toEqual({ transactionId, expiresAt: watchTokenExpiresAt });
});

it('says when it ends, a day later', () => {
  expect(watchTokenExpiresAt).toEqual(new Date('2026-11-25T07:10:00Z'));
});

it('opens until its last second and not beyond', async () => {
  expect(await read(watchToken, later(watchTokenLifeSeconds - 2))).toMatchObject({ transactionId });
  expect(await read(watchToken, later(watchTokenLifeSeconds + 1))).toBeNull();
});

it('is still honoured when a newer key came', async () => {
  expect(await read(watchToken, now, [otherKey, key])).toMatchObject({ transactionId });
});

describe('opens nothing', () => {
  it('with another key', async () => {
    expect(await read(watchToken, now, [otherKey])).toBeNull();
  });

  it('without any key', async () => {
    expect(await read(watchToken, now, [])).toBeNull();
  });

  it('for another audience', async () => {
    expect(
      await read(await signed().setAudience('malipo:other').setExpirationTime('1h').sign(key)),
    ).toBeNull();
  });

  it('without an audience', async () => {
    expect(await read(await signed().setExpirationTime('1h').sign(key))).toBeNull();
  });

  it('without an end', async () => {
    expect(await read(await signed().setAudience('malipo:watch').sign(key))).toBeNull();
  });

  it('when it names no payment', async () => {
    const nameless = new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience('malipo:watch')
      .setExpirationTime('1h');
    expect(await read(await nameless.sign(key))).toBeNull();
  });

  it('signed in another way', async () => {
    const longKey = createSecretKey(Buffer.alloc(64, 1));
    const token = await signed('HS512').setAudience('malipo:watch').setExpirationTime('1h').sign(longKey);
    expect(await read(token, now, [longKey])).toBeNull();
  });

  it('signed by nobody (alg none)', async () => {
    const token = new UnsecuredJWT({})
      .setSubject(transactionId)
      .setAudience('malipo:watch')
      .setExpirationTime('1h')
      .encode();
    expect(await read(token)).toBeNull();
  });

  it('with its signature cut off', async () => {
    expect(await read(watchToken.slice(0, watchToken.lastIndexOf('.') + 1))).toBeNull();
  });

  it('with the name of another payment put in', async () => {
    const [header = '', payload = '', signature = ''] = watchToken.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: newId(now) })).toString('base64url');
    expect(await read(`${header}.${forged}.${signature}`)).toBeNull();
  });

  it.each(['', 'x', '..', 'a.b.c', 'mlp_live_abc'])('when it is %j', async (token) => {
    expect(await read(token)).toBeNull();
  });
});
