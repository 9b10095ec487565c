import { describe, expect, it } from 'vitest';
import { isId, lowestIdAt, newId } from '../../src/lib/ids.ts';

const at = new Date('2026-11-24T07:10:00.123Z');
const msLater = (ms: number) => new Date(at.getTime() + ms);

it('ids of one millisecond are all different', () => {
  expect(new Set(Array.from({ length: 5_000 }, () => newId(at))).size).toBe(5_000);
});

it('ids sort by the time that they were made for', () => {
  const ids = [0, 1, 2, 1_000, 86_400_000].map((ms) => newId(msLater(ms)));
  expect(ids.toSorted()).toEqual(ids);
});

describe('the lowest id of a millisecond', () => {
  it('is above every id before it and not above any in it', () => {
    for (let round = 0; round < 200; round += 1) {
      expect(newId(msLater(-1)) < lowestIdAt(at)).toBe(true);
      expect(newId(at) >= lowestIdAt(at)).toBe(true);
    }
  });

  it.each([new Date(0), new Date(-1), at, new Date('9999-12-31T23:59:59.999Z')])('is an id at %s', (date) => {
    expect(isId(lowestIdAt(date))).toBe(true);
  });
});

it.each(['', 'x', newId(at).toUpperCase(), `${newId(at)} `, newId(at).replaceAll('-', ''), `{${newId(at)}}`])(
  '%j is no id',
  (text) => {
    expect(isId(text)).toBe(false);
  },
);

it('what newId makes is an id', () => {
  expect(isId(newId(at))).toBe(true);
});
