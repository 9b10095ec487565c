import { join } from 'node:path';
import type { LoadGenerator } from '../../support/load/start-load.ts';
import { writeRequests } from '../../support/load/write-requests.ts';
import { measureStint } from '../../support/measure-stint.ts';
import type { OwnDatabase } from '../../support/own-database.ts';
import type { Measure } from '../../support/run-in-turn.ts';
import type { RunningProgram } from '../../support/servers/start-program.ts';
import { postsToPeer } from './callback-posts.ts';

export type PeerDeps = {
  name: string;
  server: RunningProgram;
  generator: LoadGenerator;
  folder: string;
  connections: number;
  /** What it stores in, if that is PostgreSQL. */
  database: OwnDatabase | null;
  mustContain: string;
};

const perSecondAtFirst = 8_000;
const margin = 1.5;

/** Posts the same bodies as Malipo gets, each once, for so long. */
export function createPeerSubject(deps: PeerDeps): Measure {
  const { server, generator, connections, mustContain, database } = deps;
  const { port, pid } = server;
  const file = join(deps.folder, `${deps.name}.requests`);
  let rate = perSecondAtFirst;
  let from = 0;

  function note(posted: number, perSecond: number): void {
    from += posted;
    rate = perSecond * margin;
  }

  return async (seconds) => {
    writeRequests(file, postsToPeer({ from, count: Math.ceil(rate * seconds) }));
    await database?.run('checkpoint');
    const job = { port, file, connections, seconds, isOnce: true, mustContain, perSecond: null };
    const databaseCpuSeconds = database === null ? null : () => database.cpuSeconds();
    const stint = await measureStint(generator, job, { pid, databaseCpuSeconds });
    note(stint.load.sent, stint.perSecond);
    return stint;
  };
}
