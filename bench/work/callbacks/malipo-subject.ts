import { join } from 'node:path';
import type { LoadGenerator } from '../../support/load/start-load.ts';
import { writeRequests } from '../../support/load/write-requests.ts';
import { measureStint } from '../../support/measure-stint.ts';
import type { Measure } from '../../support/run-in-turn.ts';
import type { Numbers } from '../../support/seed/seed-payments.ts';
import type { RunningProgram } from '../../support/servers/start-program.ts';
import type { Watchers } from '../../support/watch/start-watchers.ts';
import { postsToMalipo } from './callback-posts.ts';
import type { OpenPayments } from './open-payments.ts';
import { watchedOneIn, watchSome } from './watch-some.ts';

export type MalipoDeps = {
  name: string;
  payments: OpenPayments;
  /** Null: PostgreSQL has no part in it. */
  databaseCpuSeconds: (() => Promise<number>) | null;
  server: RunningProgram;
  generator: LoadGenerator;
  watchers: Watchers;
  folder: string;
  connections: number;
  /** How fast it may be at first; from then on, what was seen, and a margin. */
  perSecondAtFirst: number;
};

export type MalipoSubject = {
  /** Posts for so long, to payments that are made for it beforehand. */
  measure: Measure;
  /** How many callbacks were answered 200 in all. */
  answered(): number;
};

const margin = 1.5;
const perSecondMin = 1_000;

export function createMalipoSubject(deps: MalipoDeps): MalipoSubject {
  const { name, payments, databaseCpuSeconds, server, generator, watchers, folder, connections } = deps;
  let perSecond = deps.perSecondAtFirst;
  let answered = 0;

  async function prepare(seconds: number): Promise<string> {
    const numbers = await nextPayments(seconds);
    const file = join(folder, `${name}.requests`);
    writeRequests(file, postsToMalipo(numbers));
    await watchSome(watchers, server.port, numbers);
    return file;
  }

  /** Those that were not paid in an earlier stint. */
  async function nextPayments(seconds: number): Promise<Numbers> {
    const wanted = Math.ceil(perSecond * seconds);
    const made = await payments.reach(answered + wanted);
    return { from: answered, count: Math.min(wanted, made - answered) };
  }

  async function proveAllSeen(posted: number): Promise<void> {
    const { paid } = await watchers.report();
    const expected = Math.ceil(posted / watchedOneIn);
    if (paid !== expected)
      throw new Error(`${expected} watched payments were paid and ${paid} watchers saw it`);
  }

  return {
    async measure(seconds) {
      const file = await prepare(seconds);
      const mustContain = '"ResultDesc":"Success"';
      const { port, pid } = server;
      const job = { port, file, connections, seconds, isOnce: true, mustContain, perSecond: null };
      const stint = await measureStint(generator, job, { pid, databaseCpuSeconds });
      perSecond = Math.max(stint.perSecond * margin, perSecondMin);
      answered += stint.load.ok;
      await proveAllSeen(stint.load.sent);
      return stint;
    },
    answered: () => answered,
  };
}
