import { describe, expect, it } from 'vitest';
import { findLeaks } from './leaks.ts';

const secrets = ['a-secret-"in-quotes"-of-a-server', 'simulator'];
const planted = [
  ['a phone number', 'asked 254712345678 for 10'],
  ['a phone number', '{"phone":254112345678}'],
  ['a phone number', 'invalid: 0712345678'],
  ['a CheckoutRequestID', '{"id":"ws_CO_24112026101010123712345678"}'],
  ['an API key', 'no such key: mlp_live_abc'],
  ['a watch token', '/graphql?watchToken=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'],
  ['a callback token', `POST /cb/${'0af'.repeat(22)}01`],
  ['a credential', 'authorization: Bearer c9SQxWWhmdVRlyh0zh8gZDTkubVF'],
  ['a password', 'cannot reach postgresql://malipo:hush@127.0.0.1/malipo'],
  ['a secret of the settings', JSON.stringify({ message: 'it is a-secret-"in-quotes"-of-a-server' })],
] as const;

describe('the search of the logs', () => {
  it.each(planted)('finds %s: %s', (kind, line) => {
    expect(findLeaks(`fine\n${line}\nfine too`, secrets)).toEqual([{ kind, line }]);
  });

  it.each([
    '{"level":30,"time":"2026-11-24T07:10:30.254Z","transactionId":"019c0712-3456-7890-8abc-def012345678"}',
    'M-Pesa           http://127.0.0.1:4100  (built-in simulator)',
    '  development key  mlp_test_of_this_machine',
    'the payer 2547*****678',
    'postgresql://malipo@127.0.0.1/malipo',
  ])('finds nothing in %s', (line) => {
    expect(findLeaks(line, secrets)).toEqual([]);
  });
});
