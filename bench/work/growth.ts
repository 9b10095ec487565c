import { median, quantile, rounded } from '../support/quantile.ts';
import type { TargetResult, Work, WorkResult } from '../work.ts';
import { openSize, type Size } from './growth/size.ts';

const sizes = [10_000, 100_000, 1_000_000, 10_000_000];
const warmUpSeconds = 3;

/**
 * One database for each size, in turn. The largest takes some 20 GB and ten minutes to make: BENCH_ROWS_MAX leaves larger
 * ones out, and BENCH_KEEP=yes keeps them for the next run.
 */
export const growth: Work = {
  name: 'growth',
  summary: 'settling and reading one payment, out of 10^4 to 10^7',
  async run({ seconds, rounds, tell }) {
    const rowsMax = Number(process.env['BENCH_ROWS_MAX'] ?? sizes.at(-1));
    const isKept = process.env['BENCH_KEEP'] === 'yes';
    await using parts = new AsyncDisposableStack();
    const measured: Measured[] = [];
    for (const rows of sizes.filter((size) => size <= rowsMax)) {
      const secondsInAll = warmUpSeconds + rounds * seconds;
      const size = parts.use(await openSize(rows, { secondsInAll, isKept, tell }));
      await size.settle(warmUpSeconds);
      await size.query(warmUpSeconds);
      measured.push({ size, settle: [], query: [] });
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const { size, settle, query } of measured) {
        settle.push(timesOf(await size.settle(seconds)));
        query.push(timesOf(await size.query(seconds)));
        tell(`round ${round}, ${size.rows} rows: settle p50 ${settle.at(-1)?.p50.toFixed(2)} ms`);
      }
    }
    return resultOf(measured, rowsMax);
  },
};

type Times = { p50: number; p99: number };
type Measured = { size: Size; settle: Times[]; query: Times[] };

function timesOf(ms: readonly number[]): Times {
  return { p50: quantile(ms, 0.5), p99: quantile(ms, 0.99) };
}

function resultOf(measured: readonly Measured[], rowsMax: number): WorkResult {
  const rows = measured.map(({ size, settle, query }) => ({
    payments: size.rows,
    'settle p50 ms': rounded(mid(settle, 'p50'), 2),
    'settle p99 ms': rounded(mid(settle, 'p99'), 2),
    'query p50 ms': rounded(mid(query, 'p50'), 2),
    'query p99 ms': rounded(mid(query, 'p99'), 2),
  }));
  const largest = sizes.at(-1) ?? 0;
  const leftOut = rowsMax < largest ? `; more than ${rowsMax} were left out by BENCH_ROWS_MAX` : '';
  const title = `Settling and reading at 200/s, by how many payments there are (medians of rounds${leftOut})`;
  return { tables: [{ title, rows }], targets: targetsOf(measured) };
}

function mid(rounds: readonly Times[], name: keyof Times): number {
  return median(rounds.map((times) => times[name]));
}

/** What is left out is not held. */
function targetsOf(measured: readonly Measured[]): TargetResult[] {
  const [least] = measured;
  const most = measured.at(-1);
  if (least === undefined || most === undefined) return [];
  const isWhole = most.size.rows === sizes.at(-1);
  const target = (work: 'settle' | 'query', name: keyof Times, ratioMax: number): TargetResult => {
    const ratio = mid(most[work], name) / mid(least[work], name);
    return {
      target: `${work} ${name}, 10^7 against 10^4: ≤ ${ratioMax} ×`,
      measured: `${ratio.toFixed(2)} × at ${most.size.rows}`,
      holds: isWhole && ratio <= ratioMax,
    };
  };
  return [
    target('settle', 'p50', 1.5),
    target('settle', 'p99', 3),
    target('query', 'p50', 1.5),
    target('query', 'p99', 3),
  ];
}
