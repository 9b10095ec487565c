import type { Stint } from './measure-stint.ts';
import { median } from './statistics/median.ts';
import { spreadOf } from './statistics/spread.ts';

/** A subject's row: medians over its rounds, the rate with the lowest and the highest. */
export function stintRow(subject: string, stints: readonly Stint[]): { [column: string]: string | number } {
  const rate = spreadOf(stints.map(({ perSecond }) => perSecond));
  const middle = (read: (stint: Stint) => number) => median(stints.map(read));
  const database = stints.map(({ databaseMicros }) => databaseMicros).filter((micros) => micros !== null);
  return {
    subject,
    'per second': Math.round(rate.median),
    'lowest–highest': `${Math.round(rate.min)}–${Math.round(rate.max)}`,
    'p50 ms': round(middle(({ load }) => load.p50Ms)),
    'p99 ms': round(middle(({ load }) => load.p99Ms)),
    'server CPU µs each': Math.round(middle(({ serverMicros }) => serverMicros)),
    'database CPU µs each': database.length === 0 ? '–' : Math.round(median(database)),
    'memory MB': Math.round(middle(({ memoryMb }) => memoryMb)),
    'load CPU µs each': round(middle(({ loadMicros }) => loadMicros)),
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;
