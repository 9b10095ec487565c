import { quantile } from '../statistics/quantile.ts';

export type Latencies = {
  add(ms: number): void;
  summary(): { p50Ms: number; p90Ms: number; p99Ms: number; maxMs: number };
};

/** Keeps each: a histogram would have to guess where the interesting ones lie. */
export function createLatencies(): Latencies {
  let values = new Float64Array(1 << 16);
  let count = 0;
  return {
    add(ms) {
      if (count === values.length) {
        const more = new Float64Array(count * 2);
        more.set(values);
        values = more;
      }
      values[count++] = ms;
    },
    summary() {
      const sorted = values.subarray(0, count).sort();
      const [p50Ms, p90Ms, p99Ms] = [quantile(sorted, 0.5), quantile(sorted, 0.9), quantile(sorted, 0.99)];
      return { p50Ms, p90Ms, p99Ms, maxMs: quantile(sorted, 1) };
    },
  };
}
