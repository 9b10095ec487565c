import { describe, expect, it } from 'vitest';
import { meaningOfResult, meaningOfResultCode } from '../../src/daraja/result-codes.ts';
import { payload } from './support/payload.ts';

describe('the meaning of a result code', () => {
  it.each([
    ['0', 'paid'],
    ['4999', 'pending'],
    ['1', 'insufficient-funds'],
    ['1032', 'cancelled'],
    ['1031', 'cancelled'],
    ['1037', 'unreachable'],
    ['1019', 'expired'],
    ['1036', 'expired'],
    ['1001', 'subscriber-busy'],
    ['17', 'limit-exceeded'],
    ['2', 'limit-exceeded'],
    ['3', 'limit-exceeded'],
    ['4', 'limit-exceeded'],
    ['8', 'other-failure'],
    ['11', 'payer-not-eligible'],
    ['2006', 'payer-not-eligible'],
    ['2040', 'payer-not-eligible'],
    ['8006', 'payer-not-eligible'],
    ['E3008', 'payer-not-eligible'],
    ['26', 'provider-busy'],
    ['100000000', 'provider-busy'],
    ['100000009', 'provider-busy'],
    ['100000011', 'provider-busy'],
    ['1025', 'prompt-failed'],
    ['1101', 'prompt-failed'],
    ['1102', 'prompt-failed'],
    ['9999', 'prompt-failed'],
    ['2001', 'wrong-pin'],
    ['2028', 'merchant-configuration'],
    ['SFC_IC0003', 'merchant-configuration'],
  ])('%s is %s', (code, meaning) => {
    expect(meaningOfResultCode(code)).toBe(meaning);
  });

  it.each([
    '2008',
    '2026',
    '100000012',
    '100000100',
    '',
    '00',
    '0.0',
    ' 0',
    '+0',
    'e3008',
    '-1',
    'constructor',
  ])('%o is on no list, so it settles nothing', (code) => expect(meaningOfResultCode(code)).toBeNull());

  it.each(['1', '0', '4999', '777'])('%s with a text that says "not finished" is pending', (code) => {
    expect(meaningOfResult(code, 'The transaction is still under processing')).toBe('pending');
  });

  it('is not pending because another transaction of the payer is in process', () => {
    const { ResultCode, ResultDesc } = JSON.parse(payload('stk-query-05'));
    expect(meaningOfResult(ResultCode, ResultDesc)).toBe('subscriber-busy');
  });
});
