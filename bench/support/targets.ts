import type { TargetResult } from '../work.ts';
import type { Stint } from './measure-stint.ts';
import { ratioInterval } from './statistics/ratio-interval.ts';
import { median } from './statistics/median.ts';

/** Holds if the lower end of the interval of the ratio of rates does. */
export function ratioTarget(
  target: string,
  atLeast: number,
  ours: readonly Stint[],
  theirs: readonly Stint[],
): TargetResult {
  const { ratio, low, high } = ratioInterval(rates(ours), rates(theirs));
  const measured = `${ratio.toFixed(2)} × (90 %: ${low.toFixed(2)}–${high.toFixed(2)})`;
  return { target, measured, holds: low >= atLeast };
}

/** Holds if the median does. */
export function rateTarget(target: string, atLeast: number, stints: readonly Stint[]): TargetResult {
  const rate = median(rates(stints));
  return { target, measured: `${Math.round(rate)}/s`, holds: rate >= atLeast };
}

const rates = (stints: readonly Stint[]): number[] => stints.map(({ perSecond }) => perSecond);
