import { join } from 'node:path';
import type { LoadGenerator } from '../../support/load/start-load.ts';
import { writeRequests } from '../../support/load/write-requests.ts';
import { measureStint } from '../../support/measure-stint.ts';
import type { OwnDatabase } from '../../support/own-database.ts';
import type { Measure } from '../../support/run-in-turn.ts';
import type { RunningProgram } from '../../support/servers/start-program.ts';

export type InitiateDeps = {
  name: string;
  server: RunningProgram;
  database: OwnDatabase;
  generator: LoadGenerator;
  folder: string;
  requests: (numbers: { from: number; count: number }) => Iterable<{ path: string; body: string }>;
};

export type InitiateSubject = {
  measure: Measure;
  /** Throws unless each payment that was answered for is kept once, as M-Pesa accepted it. */
  prove(): Promise<void>;
};

const connections = 64;
const perSecondAtFirst = 1_500;
const margin = 2;

/** Asks for payments, each once, for so long. */
export function createInitiateSubject(deps: InitiateDeps): InitiateSubject {
  const { name, server, database, generator, folder, requests } = deps;
  const { port, pid } = server;
  const file = join(folder, `${name}.requests`);
  let rate = perSecondAtFirst;
  let asked = 0;

  function note(sent: number, perSecond: number): void {
    asked += sent;
    rate = perSecond * margin;
  }

  return {
    async measure(seconds) {
      writeRequests(file, requests({ from: asked, count: Math.ceil(rate * seconds) }));
      await database.run('checkpoint');
      const mustContain = '"status":"AWAITING_PAYER"';
      const job = { port, file, connections, seconds, isOnce: true, mustContain, perSecond: null };
      const stint = await measureStint(generator, job, { pid, databaseCpuSeconds: database.cpuSeconds });
      note(stint.load.sent, stint.perSecond);
      return stint;
    },
    async prove() {
      const [kept] = await database.rows<{
        payments: number;
        events: number;
        attempts: number;
        work: number;
      }>(keptQuery);
      if (kept === undefined || Object.values(kept).some((count) => count !== asked)) {
        throw new Error(`${name}: ${asked} were answered, and kept are ${JSON.stringify(kept)}`);
      }
    },
  };
}

const keptQuery = `
  select
    (select count(*)::int from transactions where status = 'AWAITING_PAYER') as payments,
    (select count(*)::int from transaction_events where sequence = 2) as events,
    (select count(*)::int from attempts where dispatched_at is not null and checkout_request_id is not null) as attempts,
    (select count(*)::int from open_work where lease_holder is null and next_check_at is not null) as work`;
