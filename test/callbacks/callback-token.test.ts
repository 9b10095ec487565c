import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeCallbackToken, readCallbackToken } from '../../src/callbacks/callback-token.ts';
import { callbackUrlProblem } from '../../src/daraja/field-rules.ts';
import { newId } from '../../src/lib/ids.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const address = { transactionId: newId(new Date('2026-11-24T07:10:00Z')), attempt: 1 };
const token = makeCallbackToken(key, address);

/** The token with one hex digit changed. */
const changedAt = (index: number) =>
  `${token.slice(0, index)}${token[index] === '0' ? '1' : '0'}${token.slice(index + 1)}`;

it.each([1, 2, 255, 256, 65_535])('names its transaction and attempt %i', (attempt) => {
  const made = makeCallbackToken(key, { ...address, attempt });
  expect(readCallbackToken([key], made)).toEqual({ ...address, attempt });
});

it('is the same whenever it is made', () => {
  expect(makeCallbackToken(key, address)).toBe(token);
});

it('is worth nothing with any one digit changed', () => {
  for (let index = 0; index < token.length; index += 1) {
    expect(readCallbackToken([key], changedAt(index)), `digit ${String(index)}`).toBeNull();
  }
});

describe('is worth nothing', () => {
  it.each([
    ['empty', ''],
    ['cut short', token.slice(0, -2)],
    ['cut to the address', token.slice(0, 36)],
    ['made longer', `${token}00`],
    ['in upper case', token.toUpperCase()],
    ['with a line break', `${token}\n`],
    ['not hex', 'g'.repeat(token.length)],
    ['all zero', '0'.repeat(token.length)],
  ])('%s', (_, text) => {
    expect(readCallbackToken([key], text)).toBeNull();
  });

  it('with another key', () => {
    expect(readCallbackToken([createSecretKey(Buffer.alloc(32, 2))], token)).toBeNull();
  });

  it('without any key', () => {
    expect(readCallbackToken([], token)).toBeNull();
  });

  it('with the MAC of another payment', () => {
    const other = makeCallbackToken(key, {
      ...address,
      transactionId: newId(new Date('2026-11-24T07:11:00Z')),
    });
    expect(readCallbackToken([key], token.slice(0, 36) + other.slice(36))).toBeNull();
  });
});

it('is still honoured when a newer key came', () => {
  expect(readCallbackToken([createSecretKey(Buffer.alloc(32, 9)), key], token)).toEqual(address);
});

it('never spells a word that Safaricom refuses in a URL', () => {
  for (let round = 0; round < 500; round += 1) {
    const made = makeCallbackToken(createSecretKey(randomBytes(32)), {
      transactionId: newId(new Date()),
      attempt: round,
    });
    expect(callbackUrlProblem(`https://pay.example/cb/${made}`, { requireHttps: true })).toBeNull();
    expect(made).toMatch(/^[0-9a-f]{68}$/);
  }
});
