import { startChild } from '../support/child-process.ts';
import { median, rounded } from '../support/quantile.ts';
import type { TargetResult, Work, WorkResult } from '../work.ts';
import { measureBareWs } from './watchers/bare-ws.ts';
import type { WatchersLoad } from './watchers/load.ts';
import { measureMalipo, type MalipoRound } from './watchers/malipo.ts';
import type { MemoryPerWatcher } from './watchers/memory-per-watcher.ts';

const watchersUsual = 15_000;

/**
 * Each watcher has a socket, a watch token and a payment of its own, and Malipo's limits are on. BENCH_WATCHERS sets
 * another number of them, and BENCH_PROFILES a folder for CPU profiles.
 */
export const watchers: Work = {
  name: 'watchers',
  summary: `memory of one of ${watchersUsual} idle watchers, connects per second, CPU of one delivery`,
  async run({ rounds, tell }) {
    const count = Number(process.env['BENCH_WATCHERS'] ?? watchersUsual);
    await using load = startChild<WatchersLoad>(new URL('watchers/load.ts', import.meta.url));
    const malipo: MalipoRound[] = [];
    const bare: MemoryPerWatcher[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const one = await measureMalipo(load, count, process.env['BENCH_PROFILES']);
      malipo.push(one);
      tell(
        `round ${round}, Malipo: ${one.rssKb.toFixed(1)} KB, a delivery ${one.fanOutUs.steady.toFixed(0)} µs`,
      );
      const other = await measureBareWs(load, count);
      bare.push(other);
      tell(`round ${round}, bare ws: ${other.rssKb.toFixed(1)} KB`);
    }
    return resultOf(count, malipo, bare);
  },
};

function resultOf(
  count: number,
  malipo: readonly MalipoRound[],
  bare: readonly MemoryPerWatcher[],
): WorkResult {
  const mid = (of: (round: MalipoRound) => number, digits = 0) => rounded(median(malipo.map(of)), digits);
  const rssKb = mid((round) => round.rssKb, 1);
  const steadyUs = mid((round) => round.fanOutUs.steady, 1);
  const targets: TargetResult[] = [
    {
      target: '≤ 16 KB a watcher',
      measured: `${rssKb} KB of ${count}`,
      holds: rssKb <= 16 && count >= watchersUsual,
    },
    { target: '≤ 25 µs CPU a delivery', measured: `${steadyUs} µs`, holds: steadyUs <= 25 },
  ];
  const memory = [memoryRow('Malipo', malipo), memoryRow('bare ws', bare)];
  const work = {
    'connects per second': mid((round) => round.connectsPerSecond),
    'CPU µs a connect': mid((round) => round.connectCpuUs),
    'CPU ms per idle second': mid((round) => round.idleCpuMsPerSecond, 1),
    'CPU µs a delivery, 500/s': steadyUs,
    'CPU µs a callback, 500/s': mid((round) => round.callbackUs.steady, 1),
    'CPU µs a delivery, apart from callbacks': mid((round) => round.apartUs, 1),
    'CPU µs a delivery, in a crowd': mid((round) => round.fanOutUs.crowd, 1),
    'CPU µs a callback, in a crowd': mid((round) => round.callbackUs.crowd, 1),
    'RSS KB of each further one': mid((round) => round.furtherKb, 1),
    'heap KB left of each': mid((round) => round.leftKb, 2),
  };
  return {
    tables: [
      { title: `Memory of each of ${count} idle connections (medians of rounds)`, rows: memory },
      { title: `What ${count} watchers take of Malipo (medians of rounds)`, rows: [work] },
    ],
    targets,
  };
}

function memoryRow(server: string, rounds: readonly MemoryPerWatcher[]) {
  const rss = rounds.map(({ rssKb }) => rssKb);
  return {
    server,
    'RSS KB': rounded(median(rss), 1),
    'least KB': rounded(Math.min(...rss), 1),
    'most KB': rounded(Math.max(...rss), 1),
    'heap KB': rounded(median(rounds.map(({ heapKb }) => heapKb)), 1),
  };
}
