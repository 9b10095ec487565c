import { describe, expect, it } from 'vitest';
import type { JsonObject, PaymentInput, RequestProblemCode } from '../../src/transactions/request-rules.ts';
import { checkRequest, fingerprintOf } from '../../src/transactions/request-rules.ts';

const good: PaymentInput = {
  phoneNumber: '0712345678',
  amount: 1500,
  accountReference: 'ORDER-1',
  idempotencyKey: 'key-1',
};

function requestOf(changes: Partial<PaymentInput> = {}) {
  const checked = checkRequest({ ...good, ...changes }, { allowReservedPayers: false });
  if ('problems' in checked) throw new Error(checked.problems.map(({ message }) => message).join(' '));
  return checked.request;
}

function codesOf(changes: Partial<PaymentInput>): RequestProblemCode[] {
  const checked = checkRequest({ ...good, ...changes }, { allowReservedPayers: false });
  return 'problems' in checked ? checked.problems.map(({ code }) => code) : [];
}

const fingerprint = (changes: Partial<PaymentInput> = {}) => fingerprintOf(requestOf(changes));

/** JSON with a value that many levels of `[` surround. */
const nested = (levels: number): JsonObject =>
  JSON.parse(`{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`) as JsonObject;

const textOf = (length: number) => 'x'.repeat(length);
/** A metadata object of exactly this many bytes as JSON. */
const ofBytes = (bytes: number): JsonObject => ({ a: textOf(bytes - '{"a":""}'.length) });

describe('a field that is good', () => {
  it.each<Partial<PaymentInput>>([
    { phoneNumber: '0112345678' },
    { phoneNumber: '712345678' },
    { phoneNumber: '254712345678' },
    { phoneNumber: '+254 712-345 678' },
    { amount: 1 },
    { amount: 250_000 },
    { accountReference: 'A' },
    { accountReference: 'INV 1_2.3-4x' },
    { description: null },
    { description: 'Thirteen char' },
    { idempotencyKey: 'k' },
    { idempotencyKey: textOf(255) },
    { idempotencyKey: 'Bestellung Nr. 5 – ä\u{1F600}' },
    { metadata: null },
    { metadata: {} },
    { metadata: { a: { b: [1, 'two', null, true, { c: -0.5 }] } } },
    { metadata: ofBytes(4_096) },
  ])('is taken: %j', (changes) => {
    expect(codesOf(changes)).toEqual([]);
  });
});

describe('a field that is bad', () => {
  it.each<[RequestProblemCode, Partial<PaymentInput>]>([
    ['INVALID_PHONE_NUMBER', { phoneNumber: '' }],
    ['INVALID_PHONE_NUMBER', { phoneNumber: '0812345678' }],
    ['INVALID_PHONE_NUMBER', { phoneNumber: '071234567' }],
    ['INVALID_PHONE_NUMBER', { phoneNumber: '07123456789' }],
    ['INVALID_PHONE_NUMBER', { phoneNumber: '+255712345678' }],
    ['INVALID_PHONE_NUMBER', { phoneNumber: '0712345678\0' }],
    ['INVALID_PHONE_NUMBER', { phoneNumber: '٠٧١٢٣٤٥٦٧٨' }],
    ['INVALID_AMOUNT', { amount: 0 }],
    ['INVALID_AMOUNT', { amount: -1 }],
    ['INVALID_AMOUNT', { amount: 250_001 }],
    ['INVALID_AMOUNT', { amount: 1.5 }],
    ['INVALID_AMOUNT', { amount: Number.NaN }],
    ['INVALID_ACCOUNT_REFERENCE', { accountReference: '' }],
    ['INVALID_ACCOUNT_REFERENCE', { accountReference: '   ' }],
    ['INVALID_ACCOUNT_REFERENCE', { accountReference: 'Thirteen char' }],
    ['INVALID_ACCOUNT_REFERENCE', { accountReference: 'A&B' }],
    ['INVALID_ACCOUNT_REFERENCE', { accountReference: 'A\n' }],
    ['INVALID_DESCRIPTION', { description: '' }],
    ['INVALID_DESCRIPTION', { description: 'Fourteen chars' }],
    ['INVALID_DESCRIPTION', { description: 'Zahlung für' }],
    ['INVALID_IDEMPOTENCY_KEY', { idempotencyKey: '' }],
    ['INVALID_IDEMPOTENCY_KEY', { idempotencyKey: textOf(256) }],
    ['INVALID_IDEMPOTENCY_KEY', { idempotencyKey: 'a\0b' }],
    ['INVALID_IDEMPOTENCY_KEY', { idempotencyKey: 'a\nb' }],
    ['INVALID_IDEMPOTENCY_KEY', { idempotencyKey: 'a\ud800b' }],
    ['INVALID_METADATA', { metadata: { a: 'NUL \0' } }],
    ['INVALID_METADATA', { metadata: { 'NUL \0': 1 } }],
    ['INVALID_METADATA', { metadata: { a: [{ b: 'half \ud83d' }] } }],
    ['INVALID_METADATA', { metadata: { 'half \ude00': 1 } }],
    ['INVALID_METADATA', { metadata: { a: Number.POSITIVE_INFINITY } }],
    ['INVALID_METADATA', { metadata: ofBytes(4_097) }],
    ['INVALID_METADATA', { metadata: { a: 'ä'.repeat(2_048) } }],
  ])('is refused with %s: %j', (code, changes) => {
    expect(codesOf(changes)).toEqual([code]);
  });

  it('is refused when it is metadata nested beyond any reason', () => {
    expect(codesOf({ metadata: nested(100_000) })).toEqual(['INVALID_METADATA']);
  });
});

it('every bad field is named at once', () => {
  const changes = { phoneNumber: 'x', amount: 0, accountReference: '', description: '#', idempotencyKey: '' };
  expect(codesOf({ ...changes, metadata: { a: '\0' } })).toEqual([
    'INVALID_PHONE_NUMBER',
    'INVALID_AMOUNT',
    'INVALID_ACCOUNT_REFERENCE',
    'INVALID_DESCRIPTION',
    'INVALID_IDEMPOTENCY_KEY',
    'INVALID_METADATA',
  ]);
});

it('a problem names its field', () => {
  const checked = checkRequest({ ...good, amount: 0 }, { allowReservedPayers: false });
  expect(checked).toMatchObject({ problems: [{ field: 'amount' }] });
});

describe('a payer that only the simulator has', () => {
  it('is refused elsewhere, however it is written', () => {
    expect(codesOf({ phoneNumber: '0700 000 001' })).toEqual(['INVALID_PHONE_NUMBER']);
  });

  it('is taken by the simulator', () => {
    expect(
      checkRequest({ ...good, phoneNumber: '0700000001' }, { allowReservedPayers: true }),
    ).toHaveProperty('request');
  });
});

it('the description is the account reference when it is left out', () => {
  expect(requestOf()).toMatchObject({ description: 'ORDER-1', metadata: null });
  expect(requestOf().phoneNumber.reveal()).toBe('254712345678');
});

describe('the fingerprint', () => {
  it('is the same for ever, or a repeat of an earlier request would be refused', () => {
    expect(fingerprintOf(requestOf())).toBe(
      '1abec22b2c3f4344d6d382f7ce63e1ebf2b564e3ec758cdd758f20e533ded69e',
    );
  });

  it.each<[string, Partial<PaymentInput>, Partial<PaymentInput>]>([
    ['the phone number', { phoneNumber: '0712345678' }, { phoneNumber: '+254 712 345 678' }],
    ['the description', {}, { description: 'ORDER-1' }],
    ['no metadata', {}, { metadata: null }],
    [
      'the order of keys',
      { metadata: { a: 1, b: { c: 2, d: 3 } } },
      { metadata: { b: { d: 3, c: 2 }, a: 1 } },
    ],
    ['a number', { metadata: { a: 1 } }, { metadata: { a: 1.0 } }],
    ['the key', { idempotencyKey: 'one' }, { idempotencyKey: 'two' }],
  ])('is the same however %s is written', (_, one, other) => {
    expect(fingerprint(one)).toBe(fingerprint(other));
  });

  it.each<[string, Partial<PaymentInput>]>([
    ['phone number', { phoneNumber: '0712345679' }],
    ['amount', { amount: 1501 }],
    ['account reference', { accountReference: 'ORDER-2' }],
    ['description', { description: 'Other' }],
    ['metadata', { metadata: { a: 1 } }],
    ['metadata, which is empty and not missing', { metadata: {} }],
    ['type within the metadata', { metadata: { a: '1' } }],
  ])('is another with another %s', (_, changes) => {
    expect(fingerprint(changes)).not.toBe(fingerprint());
  });

  it('tells lists by their order', () => {
    expect(fingerprint({ metadata: { a: [1, 2] } })).not.toBe(fingerprint({ metadata: { a: [2, 1] } }));
  });
});
