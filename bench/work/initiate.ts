import { startLoad } from '../support/load/start-load.ts';
import type { Stint } from '../support/measure-stint.ts';
import { makeDatabase } from '../support/own-database.ts';
import { runInTurn, type Measure } from '../support/run-in-turn.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { seedClient } from '../support/seed/seed-client.ts';
import { startMalipo } from '../support/servers/start-malipo.ts';
import { startPeer } from '../support/servers/start-peer.ts';
import type { RunningProgram } from '../support/servers/start-program.ts';
import { startSimulator } from '../support/servers/start-simulator.ts';
import { stintRow } from '../support/stint-row.ts';
import { ratioTarget } from '../support/targets.ts';
import type { Work, WorkOptions, WorkResult } from '../work.ts';
import { createInitiateSubject } from './initiate/initiate-subject.ts';
import { requestsFor } from './initiate/requests.ts';

export const initiate: Work = {
  name: 'initiate',
  summary:
    'initiateStkPush against a simulator that answers at once, stored before and after; payers do nothing',
  run,
};

const warmUpSeconds = 3;

async function run({ seconds, rounds, tell, isSmoke, withPeers }: WorkOptions): Promise<WorkResult> {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await makeScratchFolder()).path;
  const generator = parts.use(startLoad());
  const simulator = parts.use(await startSimulator());

  async function subject(name: string, start: (env: { [name: string]: string }) => Promise<RunningProgram>) {
    tell(`starting ${name}`);
    const database = parts.use(await makeDatabase(`initiate_${name}`));
    await seedClient(database.run);
    const server = parts.use(await start({ DATABASE_URL: database.url, MPESA_BASE_URL: simulator.url }));
    return createInitiateSubject({ name, server, database, generator, folder, requests: requestsFor });
  }

  // Nobody pays, and M-Pesa is not to be asked why: the peer does not ask either.
  const malipo = await subject('malipo', (env) => startMalipo({ ...env, RECONCILE_LADDER_SECONDS: '86400' }));
  const apollo = withPeers ? await subject('apollo', (env) => startPeer('apollo-prisma', env)) : null;
  const subjects: { malipo: Measure; apollo?: Measure } = {
    malipo: malipo.measure,
    ...(apollo && { apollo: apollo.measure }),
  };
  for (const [name, measure] of Object.entries(subjects)) {
    tell(`warming up: ${name}`);
    await measure(isSmoke ? 0.3 : warmUpSeconds);
  }
  const stints: { malipo: Stint[]; apollo?: Stint[] } = await runInTurn(subjects, seconds, rounds, tell);
  await malipo.prove();
  await apollo?.prove();
  const peer = stints.apollo;
  return {
    tables: [
      {
        title: 'From 64 connections, on PostgreSQL',
        rows: [stintRow('Malipo', stints.malipo), ...(peer ? [stintRow('Apollo Server, Prisma', peer)] : [])],
      },
    ],
    targets: peer ? [ratioTarget('3 × Apollo and Prisma with the same writes', 3, stints.malipo, peer)] : [],
  };
}
