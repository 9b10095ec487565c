import { startChild, type Child } from '../support/child-process.ts';
import { startMeasuredServer, type MeasuredServer } from '../support/measured-server.ts';
import { seedOpenPayments } from '../support/open-payments.ts';
import { makeMigratedDatabase } from '../support/pooled-database.ts';
import { median, quantile, rounded } from '../support/quantile.ts';
import type { Work, WorkResult } from '../work.ts';
import type { LatencyLoad } from './latency/load.ts';

const watchers = 1_000;
const perSecond = Number(process.env['BENCH_PER_SECOND'] ?? 1_000);
const warmUpSeconds = 3;

/** What is watched: every callback's payment, or as in a shop where most payers do not look, one in ten. */
const shares = [
  { title: 'every callback is watched', watchedOneIn: 1 },
  { title: 'one callback in ten is watched', watchedOneIn: 10 },
];

/**
 * From when a callback is handed to its socket to when the change is read from the watcher's. A watcher that has heard of
 * its payment's end watches the next one on the same socket.
 */
export const latency: Work = {
  name: 'latency',
  summary: `callback received → message on the watcher's socket, at ${perSecond} callbacks/s with ${watchers} watchers`,
  async run({ seconds, rounds, tell }) {
    await using database = await makeMigratedDatabase('latency');
    const callbacks = shares.length * (rounds * seconds + warmUpSeconds) * perSecond;
    tell(`making ${2 * callbacks} payments`);
    await seedOpenPayments(database.pool, 0, 2 * callbacks + watchers);
    await using server = await startMeasuredServer(database.url);
    await using load = startChild<LatencyLoad>(new URL('latency/load.ts', import.meta.url));
    tell(`opening ${watchers} sockets`);
    const { port, key, secret } = server;
    await load.ask('open', { port, key, secret, watchers });
    const measured = shares.map((share) => ({ ...share, rounds: [] as Round[] }));
    for (const { watchedOneIn } of shares)
      await load.ask('run', { seconds: warmUpSeconds, perSecond, watchedOneIn });
    for (let round = 1; round <= rounds; round += 1) {
      for (const { title, watchedOneIn, rounds: done } of measured) {
        const one = await measure(load, server, { seconds, watchedOneIn });
        done.push(one);
        tell(`round ${round}, ${title}: p50 ${one.p50.toFixed(1)} ms, p99 ${one.p99.toFixed(1)} ms`);
      }
    }
    await load.ask('close');
    return resultOf(measured);
  },
};

type Round = {
  p50: number;
  p99: number;
  max: number;
  answerP50: number;
  answerP99: number;
  lateP99: number;
  messages: number;
  /** Callbacks that were to be watched when no watcher was ready: they went to payments that nobody watches. */
  starved: number;
  cpuUs: number;
};
type Measured = { title: string; rounds: Round[] };

async function measure(
  load: Child<LatencyLoad>,
  server: MeasuredServer,
  { seconds, watchedOneIn }: { seconds: number; watchedOneIn: number },
): Promise<Round> {
  const before = await server.ask('cpuUs');
  const run = await load.ask('run', { seconds, perSecond, watchedOneIn });
  const cpuUs = ((await server.ask('cpuUs')) - before) / (seconds * perSecond);
  const [trouble] = run.troubles;
  if (trouble !== undefined) throw new Error(`A watcher was told what nobody expected: ${trouble}`);
  if (run.notAnswered200 > 0) throw new Error(`${run.notAnswered200} callbacks were not answered with 200`);
  const expected = Math.ceil((seconds * perSecond) / watchedOneIn) - run.starved;
  if (run.watchedMs.length !== expected)
    throw new Error(`Of ${expected} messages ${run.watchedMs.length} came`);
  const of = (values: readonly number[], share: number) => quantile(values, share);
  return {
    p50: of(run.watchedMs, 0.5),
    p99: of(run.watchedMs, 0.99),
    max: of(run.watchedMs, 1),
    answerP50: of(run.answeredMs, 0.5),
    answerP99: of(run.answeredMs, 0.99),
    lateP99: of(run.lateMs, 0.99),
    messages: run.watchedMs.length,
    starved: run.starved,
    cpuUs,
  };
}

function resultOf(measured: readonly Measured[]): WorkResult {
  const rows = measured.map(({ title, rounds }) => {
    const mid = (name: keyof Round): number => rounded(median(rounds.map((round) => round[name])), 1);
    return {
      Malipo: title,
      'messages a round': mid('messages'),
      'no watcher ready': mid('starved'),
      'p50 ms': mid('p50'),
      'p99 ms': mid('p99'),
      'p99 ms, worst round': rounded(Math.max(...rounds.map(({ p99 }) => p99)), 1),
      'max ms': rounded(Math.max(...rounds.map(({ max }) => max)), 1),
      'answer p50 ms': mid('answerP50'),
      'answer p99 ms': mid('answerP99'),
      'sent late p99 ms': mid('lateP99'),
      'server CPU µs a callback': mid('cpuUs'),
    };
  });
  const title = `From callback to watcher, ${perSecond} callbacks/s, ${watchers} watchers (medians of rounds)`;
  return { tables: [{ title, rows }], targets: measured.flatMap(targetsOf) };
}

function targetsOf({ title, rounds }: Measured) {
  const p50 = median(rounds.map((round) => round.p50));
  const p99 = median(rounds.map((round) => round.p99));
  return [
    { target: `p50 ≤ 5 ms, ${title}`, measured: `${p50.toFixed(1)} ms`, holds: p50 <= 5 },
    { target: `p99 ≤ 25 ms, ${title}`, measured: `${p99.toFixed(1)} ms`, holds: p99 <= 25 },
  ];
}
