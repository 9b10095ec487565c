import { expect, it } from 'vitest';
import { createRecentCache } from '../../src/lib/recent-cache.ts';

it('forgets what was not asked for longest', () => {
  const cache = createRecentCache<number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3);
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 3]);
});

it('keeps the newest value of a key', () => {
  const cache = createRecentCache<number>(2);
  cache.set('a', 1);
  cache.set('a', 2);
  cache.set('b', 3);
  expect(['a', 'b'].map((key) => cache.get(key))).toEqual([2, 3]);
});

it('forgets as many as it takes to have room for the keys', () => {
  const cache = createRecentCache<number>(10, 10);
  cache.set('aaaa', 1);
  cache.set('bbbb', 2);
  cache.set('aaaa', 3);
  cache.set('cccccc', 4);
  expect(['aaaa', 'bbbb', 'cccccc'].map((key) => cache.get(key))).toEqual([3, undefined, 4]);
  cache.set('too long to be kept', 5);
  expect(['aaaa', 'cccccc', 'too long to be kept'].map((key) => cache.get(key))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
