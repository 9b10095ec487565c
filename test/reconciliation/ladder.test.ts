import { describe, expect, it } from 'vitest';
import { nextLook, samePause } from '../../src/reconciliation/ladder.ts';

const ladderMs = [60_000, 120_000, 300_000];
const dayMs = 86_400_000;

describe('after an answer that settles nothing', () => {
  it.each([
    [0, { rung: 1, pauseMs: 120_000, stillOpen: false }],
    [1, { rung: 2, pauseMs: 300_000, stillOpen: false }],
  ])('the next look from rung %i is one rung up', (rung, next) => {
    expect(nextLook(ladderMs, rung)).toEqual(next);
  });

  it('of the last rung a payment is still open, and is asked about once a day for a week', () => {
    const looks = [2, 3, 4, 5, 6, 7, 8].map((rung) => nextLook(ladderMs, rung));
    expect(looks.map(({ pauseMs }) => pauseMs)).toEqual(Array.from({ length: 7 }, () => dayMs));
    expect(looks.every(({ stillOpen }) => stillOpen)).toBe(true);
  });

  it('of the week it is not asked about again', () => {
    expect(nextLook(ladderMs, 9)).toEqual({ rung: 10, pauseMs: null, stillOpen: true });
  });
});

it('a question without an answer is asked again after the same pause', () => {
  expect([0, 1, 2, 3, 9, 10].map((rung) => samePause(ladderMs, rung))).toEqual([
    60_000,
    120_000,
    300_000,
    dayMs,
    dayMs,
    // Only a person asks by now, and waits.
    60_000,
  ]);
});
