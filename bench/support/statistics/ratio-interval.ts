import { createRandom, type Random } from '../../../src/commands/crash-test/random.ts';
import { median } from './median.ts';

export type RatioInterval = { ratio: number; low: number; high: number };

const resamples = 10_000;
/** What lies within: 90 %. */
const tail = 0.05;

/**
 * By how much the first is above the second: the ratio of their medians, and its 90 % bootstrap interval over the rounds.
 * `ours[n]` and `theirs[n]` are of one round, and are drawn together: what disturbed one disturbed the other.
 */
export function ratioInterval(
  ours: readonly number[],
  theirs: readonly number[],
  random: Random = createRandom(1),
): RatioInterval {
  if (ours.length !== theirs.length) throw new Error('Each round must have measured both');
  const ratioOf = (rounds: readonly number[]) => median(pick(ours, rounds)) / median(pick(theirs, rounds));
  const rounds = ours.map((_, round) => round);
  const drawn = Array.from({ length: resamples }, () => ratioOf(rounds.map(() => random.pick(rounds))));
  drawn.sort((a, b) => a - b);
  return {
    ratio: ratioOf(rounds),
    low: drawn[Math.floor(resamples * tail)] ?? Number.NaN,
    high: drawn[Math.ceil(resamples * (1 - tail)) - 1] ?? Number.NaN,
  };
}

function pick(values: readonly number[], rounds: readonly number[]): number[] {
  return rounds.map((round) => values[round] ?? Number.NaN);
}
