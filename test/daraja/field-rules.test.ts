import { describe, expect, it } from 'vitest';
import {
  callbackUrlProblem,
  darajaSettingsProblems,
  isSafeText,
  normalisePhoneNumber,
  stkPushProblems,
} from '../../src/daraja/field-rules.ts';
import { Masked } from '../../src/lib/masked.ts';
import { pushRequest } from './support/scripted-daraja.ts';

describe('a phone number', () => {
  it.each([
    ['0712345678', '254712345678'],
    ['0112 345 678', '254112345678'],
    ['712345678', '254712345678'],
    ['112345678', '254112345678'],
    ['254712345678', '254712345678'],
    ['+254 712-345-678', '254712345678'],
    [' +254112345678 ', '254112345678'],
  ])('%o is understood as %s', (text, expected) => {
    expect(normalisePhoneNumber(text)).toBe(expected);
  });

  it.each([
    '',
    '0812345678',
    '071234567',
    '07123456789',
    '255712345678',
    '+0712345678',
    '2540712345678',
    '07123x5678',
    '254٧12345678',
  ])('%o is refused', (text) => {
    expect(normalisePhoneNumber(text)).toBeNull();
  });
});

describe('text in a prompt', () => {
  it.each(['ORDER-1', 'a.b_c-d 9'])('%o is safe', (text) => expect(isSafeText(text)).toBe(true));
  it.each(['', '  ', 'A&B', 'a@b', '#1', 'é', 'a\nb', 'a/b'])('%o is not safe', (text) =>
    expect(isSafeText(text)).toBe(false),
  );
});

describe('a callback URL', () => {
  it('may be http unless https is required', () => {
    expect(callbackUrlProblem('http://localhost:4000/cb/abc', { requireHttps: false })).toBeNull();
    expect(callbackUrlProblem('http://localhost:4000/cb/abc', { requireHttps: true })).toMatch(/https/);
    expect(callbackUrlProblem('https://pay.example.co.ke/cb/abc', { requireHttps: true })).toBeNull();
  });

  it.each([
    ['https://mpesa.example.com/cb', 'mpesa'],
    ['https://example.com/M-Pesa/cb', 'm-pesa'],
    ['https://example.com/safaricom', 'safaricom'],
    ['https://example.com/EXEC', 'exec'],
    ['https://executive.co.ke/cb', 'exec'],
    ['https://example.com/a.exe', 'exe'],
    ['https://example.com/cmd', 'cmd'],
    ['https://example.com/mysql', 'sql'],
    ['https://example.com/jquery', 'query'],
    ['https://example.com/cb?x=query', 'query'],
    ['https://example.com/m%70esa', 'mpesa'],
  ])('%s is refused for the word in it', (url, word) => {
    expect(callbackUrlProblem(url, { requireHttps: false })).toContain(`"${word}"`);
  });

  it.each([
    '',
    'pay.example.com',
    'ftp://example.com/cb',
    'https://example.com/c b',
    ' https://example.com/cb',
    'https://example.com/cb\n',
    'https://user:secret@example.com/cb',
    'https://example.com/cb#x',
    'https:example.com',
    'https://',
  ])('%o is refused for its form', (url) => {
    expect(callbackUrlProblem(url, { requireHttps: false })).not.toBeNull();
  });
});

describe('a push request', () => {
  const request = { ...pushRequest, phoneNumber: pushRequest.phoneNumber.reveal() };

  it('may carry the largest amount and the longest texts', () => {
    const largest = {
      amountShillings: 250_000,
      accountReference: 'ABCDEFGHIJKL',
      description: 'ABCDEFGHIJKLM',
    };
    expect(stkPushProblems({ ...request, ...largest })).toEqual([]);
  });

  it.each([
    [{ amountShillings: 0 }, /amount/],
    [{ amountShillings: 1.5 }, /amount/],
    [{ amountShillings: 250_001 }, /amount/],
    [{ amountShillings: Number.NaN }, /amount/],
    [{ phoneNumber: '0712345678' }, /phone number/],
    [{ accountReference: 'ABCDEFGHIJKLM' }, /account reference/],
    [{ accountReference: '' }, /account reference/],
    [{ description: 'ABCDEFGHIJKLMN' }, /description/],
    [{ description: 'A&B' }, /description/],
    [{ callbackUrl: 'https://example.com/c b' }, /callback URL/],
  ])('with %o is refused', (change, problem) => {
    expect(stkPushProblems({ ...request, ...change })).toEqual([expect.stringMatching(problem)]);
  });
});

describe('settings', () => {
  const settings = {
    baseUrl: 'https://sandbox.safaricom.co.ke',
    consumerKey: 'key',
    consumerSecret: new Masked('secret'),
    passkey: new Masked('passkey'),
    businessShortCode: '174379',
    partyB: '5123456',
  };

  it('may name a till of seven digits apart from the short code', () => {
    expect(darajaSettingsProblems(settings)).toEqual([]);
  });

  it.each([
    [{ baseUrl: 'sandbox.safaricom.co.ke' }, /base URL/],
    [{ consumerKey: '' }, /consumer key/],
    [{ consumerKey: 'a:b' }, /consumer key/],
    [{ consumerSecret: new Masked('copied\n') }, /consumer secret/],
    [{ passkey: new Masked('') }, /passkey/],
    [{ businessShortCode: '1234' }, /short code/],
    [{ partyB: '12345678' }, /party B/],
    [{ timeouts: { totalMs: 0 } }, /time-outs/],
  ])('with %o are refused', (change, problem) => {
    expect(darajaSettingsProblems({ ...settings, ...change })).toEqual([expect.stringMatching(problem)]);
  });
});
