import { expect, test } from 'vitest';
import { createRandom } from '../../src/commands/crash-test/random.ts';
import { median } from '../../bench/support/statistics/median.ts';
import { quantile } from '../../bench/support/statistics/quantile.ts';
import { ratioInterval } from '../../bench/support/statistics/ratio-interval.ts';
import { spreadOf } from '../../bench/support/statistics/spread.ts';

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 9])).toBe(3);
  expect(() => median([])).toThrow('nothing');
});

test('the spread is the median with the lowest and the highest', () => {
  expect(spreadOf([3, 1, 8])).toEqual({ median: 3, min: 1, max: 8 });
});

test('a quantile is a value below which that share lies', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index);
  expect(quantile(hundred, 0.99)).toBe(99);
  expect(quantile(hundred, 0.5)).toBe(50);
  expect(quantile([], 0.5)).toBeNaN();
});

test('a ratio that is the same in each round has no width', () => {
  expect(ratioInterval([10, 20, 40], [5, 10, 20])).toEqual({ ratio: 2, low: 2, high: 2 });
});

test('the interval of a ratio holds the ratio, and widens with the spread of the rounds', () => {
  const theirs = [100, 100, 100, 100, 100];
  const calm = ratioInterval([198, 199, 200, 201, 202], theirs);
  const wild = ratioInterval([100, 150, 200, 250, 300], theirs);
  for (const { ratio, low, high } of [calm, wild]) {
    expect(ratio).toBe(2);
    expect(low).toBeLessThanOrEqual(2);
    expect(high).toBeGreaterThanOrEqual(2);
  }
  expect(calm.low).toBeGreaterThan(wild.low);
  expect(calm.high).toBeLessThan(wild.high);
});

test('what disturbed both subjects of a round leaves their ratio alone', () => {
  const { low, high } = ratioInterval([100, 50, 10, 80, 100], [10, 5, 1, 8, 10]);
  expect([low, high]).toEqual([10, 10]);
});

test('the same seed gives the same interval', () => {
  const measure = () => ratioInterval([3, 1, 4, 1, 5], [2, 7, 1, 8, 2], createRandom(7));
  expect(measure()).toEqual(measure());
});

test('rounds in which only one subject was measured are refused', () => {
  expect(() => ratioInterval([1, 2], [1])).toThrow('both');
});
