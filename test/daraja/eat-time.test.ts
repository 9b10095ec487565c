import { describe, expect, it } from 'vitest';
import { formatEatTimestamp, parseEatTimestamp } from '../../src/daraja/eat-time.ts';

describe('a Daraja timestamp', () => {
  it('is written in East Africa Time, three hours ahead of UTC', () => {
    expect(formatEatTimestamp(new Date('2026-12-31T21:05:09.999Z'))).toBe('20270101000509');
  });

  it.each([20191219102115, '20191219102115'])('is read from %o as the instant it was in Nairobi', (value) => {
    expect(parseEatTimestamp(value)).toEqual(new Date('2019-12-19T07:21:15Z'));
  });

  it.each([
    '20260230101010',
    '20261301101010',
    '20261124240000',
    '20261124106010',
    '20261124101060',
    '2026112410101',
    '202611241010100',
    ' 20261124101010',
    '20261124101010.0',
    2.02e13 + 0.5,
    20261124,
    -20261124101010,
    Number.NaN,
    null,
    undefined,
    {},
    '00000000000000',
    '00010101000000',
    '20061231235959',
  ])('is not read from %o', (value) => {
    expect(parseEatTimestamp(value)).toBeNull();
  });
});
