import { expect, it } from 'vitest';
import { keepRepeated } from '../../src/lib/keep-repeated.ts';
import { createRecentCache } from '../../src/lib/recent-cache.ts';

const cacheOfTwo = () => keepRepeated(createRecentCache<number>(2), { sizeMax: 3, keyLengthsMax: 100 });

it('keeps what is set a second time, and not before', () => {
  const cache = cacheOfTwo();
  cache.set('a', 1);
  expect(cache.get('a')).toBeUndefined();
  cache.set('a', 1);
  expect(cache.get('a')).toBe(1);
});

it('what comes once takes the place of nothing that is kept', () => {
  const cache = cacheOfTwo();
  cache.set('a', 1);
  cache.set('a', 1);
  for (let n = 0; n < 10; n += 1) cache.set(`once ${n}`, n);
  expect(cache.get('a')).toBe(1);
});

it('forgets after a while that something came once', () => {
  const cache = cacheOfTwo();
  for (const key of ['a', 'b', 'c', 'd', 'a']) cache.set(key, 1);
  expect(cache.get('a')).toBeUndefined();
});
