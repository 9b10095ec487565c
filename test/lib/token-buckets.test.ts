import { beforeEach, expect, it } from 'vitest';
import { createTokenBuckets } from '../../src/lib/token-buckets.ts';

let now = new Date('2026-11-24T09:00:00Z');
const clock = { now: () => now };
const later = (ms: number) => (now = new Date(now.getTime() + ms));

const create = (keysMax = 10) => createTokenBuckets(clock, { perSecond: 2, burst: 3 }, keysMax);
let buckets = create();
beforeEach(() => {
  buckets = create();
});

const take = (count: number, key = 'a') => Array.from({ length: count }, () => buckets.take(key));

it('gives a burst at once, and then says how long to wait', () => {
  expect(take(5)).toEqual([0, 0, 0, 1, 1]);
});

it('gives as many a second as it was told, also to those who wait in between', () => {
  take(3);
  later(500);
  expect(take(2)).toEqual([0, 1]);
  later(1_000);
  expect(take(3)).toEqual([0, 0, 1]);
});

it('saves up no more than a burst', () => {
  take(3);
  later(60_000);
  expect(take(4)).toEqual([0, 0, 0, 1]);
});

it('holds one key to nothing that another took', () => {
  take(3);
  expect(take(1, 'b')).toEqual([0]);
});

it('takes nothing where it is only asked', () => {
  expect([buckets.wait('a'), buckets.wait('a'), buckets.wait('a'), buckets.wait('a')]).toEqual([0, 0, 0, 0]);
  take(3);
  expect(buckets.wait('a')).toBe(1);
});

it('takes nothing away when the clock is set back', () => {
  take(1);
  later(-3_600_000);
  expect(take(3)).toEqual([0, 0, 1]);
});

it('remembers so many keys and no more', () => {
  buckets = create(2);
  take(3, 'a');
  take(1, 'b');
  take(1, 'c');
  expect(take(1, 'a')).toEqual([0]);
});
