import { join } from 'node:path';
import { startLoad, type LoadGenerator } from '../support/load/start-load.ts';
import type { Stint } from '../support/measure-stint.ts';
import { makeDatabase } from '../support/own-database.ts';
import { runInTurn, type Measure } from '../support/run-in-turn.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { seedClient } from '../support/seed/seed-client.ts';
import { startMalipo } from '../support/servers/start-malipo.ts';
import { stintRow } from '../support/stint-row.ts';
import { rateTarget, ratioTarget } from '../support/targets.ts';
import { startWatchers, type Watchers } from '../support/watch/start-watchers.ts';
import type { TargetResult, Work, WorkOptions, WorkResult } from '../work.ts';
import { createMalipoSubject, type MalipoSubject } from './callbacks/malipo-subject.ts';
import { makeEmbedded, openPaymentsIn, readEmbedded } from './callbacks/open-payments.ts';
import { keptQuery, proveNothingLost, type Kept } from './callbacks/prove-nothing-lost.ts';
import { startPeers } from './callbacks/start-peers.ts';

export const callbacks: Work = {
  name: 'callbacks',
  summary: 'genuine, distinct STK callbacks for open payments, durable when answered, 1 % of them watched',
  run,
};

/** As many as share a batch of Malipo's, and some that wait; the same for all. */
const connections = 256;
const sustainedSeconds = 60;

type Shared = { generator: LoadGenerator; watchers: Watchers; folder: string; connections: number };

async function run(options: WorkOptions): Promise<WorkResult> {
  const { seconds, rounds, tell, isSmoke, withPeers } = options;
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await makeScratchFolder()).path;
  const shared = {
    generator: parts.use(startLoad()),
    watchers: parts.use(startWatchers()),
    folder,
    connections,
  };
  tell('starting Malipo, on PostgreSQL and on its embedded database');
  const onPostgres = await startOnPostgres(shared, parts);
  const embedded = parts.use(await startEmbedded(shared, options));
  if (withPeers) tell('starting its peers');
  const peers = withPeers ? await startPeers(shared, parts) : null;

  const subjects: Subjects = { Malipo: onPostgres.measure, embedded: embedded.measure, ...peers };
  for (const [name, measure] of Object.entries(subjects)) {
    tell(`warming up: ${name}`);
    await measure(warmUpSeconds(isSmoke));
  }
  const stints = await runInTurn(subjects, seconds, rounds, tell);
  if (seconds >= 10) tell(`Malipo alone for ${sustainedSeconds} s`);
  const sustained = seconds >= 10 ? [await onPostgres.measure(sustainedSeconds)] : null;
  const lost = [await onPostgres.prove(), await embedded.prove()];
  return resultOf(stints, sustained, lost);
}

const warmUpSeconds = (isSmoke: boolean): number => (isSmoke ? 0.3 : 3);

type Name = 'Malipo' | 'embedded' | 'pg' | 'sqlite' | 'echo';
type Subjects = { Malipo: Measure; embedded: Measure } & { [name in Name]?: Measure };
type Stints = { Malipo: Stint[]; embedded: Stint[] } & { [name in Name]?: Stint[] };

/** `prove`: all that was answered is kept. */
type Proven = MalipoSubject & { prove(): Promise<TargetResult> };

async function startOnPostgres(shared: Shared, parts: AsyncDisposableStack): Promise<Proven> {
  const database = parts.use(await makeDatabase('callbacks'));
  await seedClient(database.run);
  const server = parts.use(await startMalipo({ DATABASE_URL: database.url }));
  const subject = createMalipoSubject({
    ...shared,
    name: 'Malipo',
    payments: openPaymentsIn(database),
    databaseCpuSeconds: database.cpuSeconds,
    server,
    perSecondAtFirst: 6_000,
  });
  const read = async () => (await database.rows<Kept>(keptQuery))[0];
  return {
    ...subject,
    prove: async () => proveNothingLost('nothing lost', subject.answered(), await read()),
  };
}

/** More than it is seen to do. */
const embeddedPerSecondMax = 4_000;

async function startEmbedded(
  shared: Shared,
  { seconds, rounds, isSmoke }: WorkOptions,
): Promise<Proven & AsyncDisposable> {
  const dataDir = join(shared.folder, 'embedded');
  const count = Math.ceil((warmUpSeconds(isSmoke) + seconds * rounds) * embeddedPerSecondMax);
  const payments = await makeEmbedded(dataDir, count);
  await using parts = new AsyncDisposableStack();
  const server = parts.use(await startMalipo({ DATA_DIR: dataDir }));
  const subject = createMalipoSubject({
    ...shared,
    name: 'embedded',
    payments,
    databaseCpuSeconds: null,
    server,
    perSecondAtFirst: embeddedPerSecondMax,
  });
  const running = parts.move();
  return {
    ...subject,
    async prove() {
      await running.disposeAsync();
      return proveNothingLost('(e) nothing lost', subject.answered(), await readEmbedded(dataDir));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const titles: { [name in Name]: string } = {
  Malipo: 'Malipo on PostgreSQL',
  embedded: 'Malipo, embedded (e)',
  pg: 'Express, one upsert, PostgreSQL',
  sqlite: 'Express, one upsert, SQLite',
  echo: 'Fastify, echo',
};

function resultOf(stints: Stints, sustained: Stint[] | null, lost: TargetResult[]): WorkResult {
  const names = Object.keys(titles) as Name[];
  const rows = names.flatMap((name) => (stints[name] ? [stintRow(titles[name], stints[name])] : []));
  const alone =
    sustained === null ? [] : [stintRow(`Malipo on PostgreSQL for ${sustainedSeconds} s`, sustained)];
  const { Malipo, embedded, pg, echo } = stints;
  return {
    tables: [{ title: `From ${connections} connections`, rows: [...rows, ...alone] }],
    targets: [
      rateTarget('6,000/s (aim 12,000)', 6_000, sustained ?? Malipo),
      ...(pg ? [ratioTarget('8 × Express with one upsert on PostgreSQL', 8, Malipo, pg)] : []),
      ...(echo ? [ratioTarget('0.5 × a bare Fastify echo', 0.5, Malipo, echo)] : []),
      rateTarget('(e) 3,000/s', 3_000, embedded),
      ...lost,
    ],
  };
}
