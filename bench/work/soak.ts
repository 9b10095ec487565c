import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../support/child-process.ts';
import { startMeasuredServer, type MeasuredServer } from '../support/measured-server.ts';
import { seedOpenPayments } from '../support/open-payments.ts';
import { makeMigratedDatabase } from '../support/pooled-database.ts';
import { rounded } from '../support/quantile.ts';
import type { Work, WorkResult } from '../work.ts';
import { callbacksPerSecond, standingPayments } from './soak/actions.ts';
import type { SoakDone, SoakLoad } from './soak/load.ts';
import { slopeOf } from './soak/slope.ts';

/** What grows while caches fill is no leak. A short run leaves out a fifth. */
const settlingSecondsMax = 120;
const settlingShare = 0.2;
const slopeMbMax = 1;

export const soak: Work = {
  name: 'soak',
  summary: 'ten minutes of everything at once; how fast the memory grows',
  secondsUsual: 600,
  async run({ seconds, tell }) {
    await using database = await makeMigratedDatabase('soak');
    await seedOpenPayments(database.pool, 0, standingPayments + (seconds + 1) * callbacksPerSecond);
    await using server = await startMeasuredServer(database.url, { SIMULATOR_DELAY_MS: '500' });
    await using load = startChild<SoakLoad>(new URL('soak/load.ts', import.meta.url));
    const { port, key, secret } = server;
    const soaking = load.ask('soak', { port, key, secret, seconds });
    const samples = await sample(server, seconds, tell);
    return resultOf(seconds, samples, await soaking);
  },
};

/** In megabytes, after the garbage was collected, so many seconds from the beginning. */
type Sample = { atSecond: number; rssMb: number; heapMb: number };

async function sample(
  server: MeasuredServer,
  seconds: number,
  tell: (text: string) => void,
): Promise<Sample[]> {
  const pauseMs = Math.min(5_000, (seconds * 1000) / 20);
  const samples: Sample[] = [];
  const startedAt = performance.now();
  const atSecond = (): number => (performance.now() - startedAt) / 1000;
  for (let dueMs = pauseMs; dueMs < seconds * 1000; dueMs += pauseMs) {
    await sleep(Math.max(0, startedAt + dueMs - performance.now()));
    const { rss, heapUsed, external } = await server.ask('memory');
    const one = { atSecond: atSecond(), rssMb: rss / 2 ** 20, heapMb: (heapUsed + external) / 2 ** 20 };
    samples.push(one);
    if (samples.length % 12 === 0)
      tell(
        `${one.atSecond.toFixed(0)} s: ${one.rssMb.toFixed(0)} MB, of which heap ${one.heapMb.toFixed(1)}`,
      );
  }
  return samples;
}

function resultOf(seconds: number, samples: readonly Sample[], { counts, troubles }: SoakDone): WorkResult {
  const [trouble] = troubles;
  if (trouble !== undefined) throw new Error(`Not everything went as it should: ${troubles.join('; ')}`);
  const from = Math.min(settlingSecondsMax, seconds * settlingShare);
  const late = samples.filter(({ atSecond }) => atSecond >= from);
  const memories = [
    { memory: 'resident', of: ({ rssMb }: Sample) => rssMb },
    { memory: 'heap', of: ({ heapMb }: Sample) => heapMb },
  ].map(({ memory, of }) => ({
    memory,
    values: late.map(of),
    ...slopeOf(late.map((one) => ({ x: one.atSecond / 60, y: of(one) }))),
  }));
  const rows = memories.map(({ memory, values, slope, upper }) => ({
    memory,
    'MB at first': rounded(values[0] ?? Number.NaN, 1),
    'MB at last': rounded(values.at(-1) ?? Number.NaN, 1),
    'slope MB a minute': rounded(slope, 2),
    'upper bound (95 %)': rounded(upper, 2),
    samples: values.length,
  }));
  return {
    tables: [
      { title: `Memory under mixed load, ${seconds} s without the first ${from.toFixed(0)}`, rows },
      {
        title: 'What was done meanwhile',
        rows: Object.entries(counts).map(([what, times]) => ({ what, times })),
      },
    ],
    targets: memories.map(({ memory, upper }) => ({
      target: `${memory}: upper bound of the slope ≤ ${slopeMbMax} MB a minute`,
      measured: `${upper.toFixed(2)} MB a minute over ${seconds} s`,
      holds: upper <= slopeMbMax,
    })),
  };
}
