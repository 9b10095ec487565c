import { join } from 'node:path';
import { startLoad, type LoadGenerator } from '../support/load/start-load.ts';
import { writeRequests } from '../support/load/write-requests.ts';
import { measureStint, type Stint } from '../support/measure-stint.ts';
import { runInTurn, type Measure } from '../support/run-in-turn.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { stintRow } from '../support/stint-row.ts';
import { ratioTarget } from '../support/targets.ts';
import type { TargetResult, Work, WorkOptions, WorkResult } from '../work.ts';
import { assertSameAnswers } from './query/assert-same-answers.ts';
import { asksById, asksForList, asksForPages } from './query/documents.ts';
import { startServers, type Asked, type Servers } from './query/start-servers.ts';

export const query: Work = {
  name: 'query',
  summary: 'one payment by id with 12 fields, and a list of 20 with 8, out of 1,000,000, with a stored key',
  run,
};

const connections = 64;
const warmUpSeconds = 2;
/** Of the payments that are asked for by id, and of the places where lists begin, in turn. */
const differentAsks = 20_000;

async function run({ seconds, rounds, tell, isSmoke, withPeers }: WorkOptions): Promise<WorkResult> {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await makeScratchFolder()).path;
  const rows = isSmoke ? 1_000 : 1_000_000;
  const servers = await startServers({ rows, withPeers, folder, tell }, parts);
  const urls = Object.values<Asked>(servers).map(({ server }) => server.url);
  const questions = [...asksById(rows, 3), ...asksForList(), ...asksForPages(rows, 3)];
  for (const question of questions) await assertSameAnswers(urls, question);
  const generator = parts.use(startLoad());
  const files = { byId: join(folder, 'by-id'), list: join(folder, 'list'), pages: join(folder, 'pages') };
  writeRequests(files.byId, asksById(rows, differentAsks));
  writeRequests(files.list, asksForList());
  writeRequests(files.pages, asksForPages(rows, differentAsks));

  async function measure(what: string, file: string): Promise<Stints> {
    const subjects = subjectsOf(servers, generator, file);
    for (const [name, subject] of Object.entries(subjects)) {
      tell(`warming up: ${what}, ${name}`);
      await subject(isSmoke ? 0.3 : warmUpSeconds);
    }
    return runInTurn(subjects, seconds, rounds, (text) => tell(`${what}, ${text}`));
  }

  const byId = await measure('by id', files.byId);
  const list = await measure('list', files.list);
  const pages = await measure('pages', files.pages);
  return {
    tables: [
      { title: `By id, from ${connections} connections`, rows: rowsOf(byId) },
      { title: `The newest 20, from ${connections} connections`, rows: rowsOf(list) },
      { title: `Another 20 each time, from ${connections} connections`, rows: rowsOf(pages) },
    ],
    targets: [
      ...targetsOf('by id', byId),
      ...targetsOf('list, all the same', list),
      ...targetsOf('list, each another', pages),
    ],
  };
}

type Name = keyof Servers;
type Subjects = { Malipo: Measure; embedded: Measure } & { [name in Name]?: Measure };
type Stints = { Malipo: Stint[]; embedded: Stint[] } & { [name in Name]?: Stint[] };

function subjectsOf(
  { Malipo, embedded, mercurius, apollo }: Servers,
  generator: LoadGenerator,
  file: string,
): Subjects {
  const ask = (asked: Asked): Measure => askSubject(asked, generator, file);
  return {
    Malipo: ask(Malipo),
    embedded: ask(embedded),
    ...(mercurius && { mercurius: ask(mercurius) }),
    ...(apollo && { apollo: ask(apollo) }),
  };
}

function askSubject(
  { server: { port, pid }, database }: Asked,
  generator: LoadGenerator,
  file: string,
): Measure {
  const databaseCpuSeconds = database === null ? null : database.cpuSeconds;
  return (seconds) => {
    const mustContain = '"status":"COMPLETED"';
    const job = { port, file, connections, seconds, isOnce: false, mustContain, perSecond: null };
    return measureStint(generator, job, { pid, databaseCpuSeconds });
  };
}

const titles: { [name in Name]: string } = {
  Malipo: 'Malipo on PostgreSQL',
  embedded: 'Malipo, embedded (e)',
  mercurius: 'Mercurius, jit, pg',
  apollo: 'Apollo Server, Prisma',
};

function rowsOf(stints: Stints): { [column: string]: string | number }[] {
  const names = Object.keys(titles) as Name[];
  return names.flatMap((name) => (stints[name] ? [stintRow(titles[name], stints[name])] : []));
}

function targetsOf(what: string, { Malipo, mercurius, apollo }: Stints): TargetResult[] {
  return [
    ...(mercurius ? [ratioTarget(`${what}: 0.8 × Mercurius (aim above 1.0)`, 0.8, Malipo, mercurius)] : []),
    ...(apollo ? [ratioTarget(`${what}: 4 × Apollo and Prisma`, 4, Malipo, apollo)] : []),
  ];
}
