import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDatabase } from '../support/pooled-database.ts';
import { median, rounded } from '../support/quantile.ts';
import type { Work } from '../work.ts';
import { readyMs } from './start/ready-ms.ts';

/** Cold: nothing is there yet, neither tables nor secrets. Warm: the same again. */
const starts = [
  { name: 'embedded, cold', targetMs: 5_000 },
  { name: 'embedded, warm', targetMs: 2_000 },
  { name: 'PostgreSQL, cold', targetMs: 1_500 },
  { name: 'PostgreSQL, warm', targetMs: 1_500 },
] as const;

type Start = (typeof starts)[number]['name'];

export const start: Work = {
  name: 'start',
  summary: 'from the start of the process to ready, cold and warm, embedded and PostgreSQL',
  async run({ rounds, tell }) {
    const measured = new Map<Start, number[]>(starts.map(({ name }) => [name, []]));
    // So that the first round finds the files in memory as the others do.
    await startBothWays(() => undefined);
    for (let round = 1; round <= rounds; round += 1) {
      await startBothWays((name, ms) => {
        measured.get(name)?.push(ms);
        tell(`round ${round}, ${name}: ${ms.toFixed(0)} ms`);
      });
    }
    const results = starts.map((one) => ({ ...one, ms: measured.get(one.name) ?? [] }));
    return {
      tables: [{ title: 'From the start of the process to ready', rows: results.map(rowOf) }],
      targets: results.map(({ name, ms, targetMs }) => ({
        target: `${name}: ≤ ${targetMs / 1000} s`,
        measured: `${rounded(median(ms))} ms`,
        holds: median(ms) <= targetMs,
      })),
    };
  },
};

async function startBothWays(note: (name: Start, ms: number) => void): Promise<void> {
  const embedded = await mkdtemp(join(tmpdir(), 'malipo-start-'));
  note('embedded, cold', await readyMs({ DATA_DIR: embedded }));
  note('embedded, warm', await readyMs({ DATA_DIR: embedded }));
  await rm(embedded, { recursive: true });
  const besides = await mkdtemp(join(tmpdir(), 'malipo-start-'));
  await using database = await makeDatabase('start');
  const env = { DATA_DIR: besides, DATABASE_URL: database.url };
  note('PostgreSQL, cold', await readyMs(env));
  note('PostgreSQL, warm', await readyMs(env));
  await rm(besides, { recursive: true });
}

function rowOf({ name, ms }: { name: string; ms: readonly number[] }) {
  return {
    start: name,
    'median ms': rounded(median(ms)),
    'fastest ms': rounded(Math.min(...ms)),
    'slowest ms': rounded(Math.max(...ms)),
  };
}
