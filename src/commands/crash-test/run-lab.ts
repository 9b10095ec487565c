import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../lib/sleep.ts';
import { injectFaults, noFaults } from './faults/inject.ts';
import { redisOutage } from './faults/redis-outage.ts';
import { openLab, type Lab } from './lab.ts';
import type { Options } from './options.ts';
import { comeToRest } from './proof/come-to-rest.ts';
import type { Finding } from './proof/finding.ts';
import { gather, type Sources } from './proof/gather.ts';
import { prove } from './proof/prove.ts';
import { createRandom } from './random.ts';
import { dataDir } from './servers/malipo.ts';
import { reportOn, type Report, type Run } from './report.ts';

export type Outcome = { report: Report; findings: Finding[]; folder: string | null };

type Say = (text: string) => void;

/** Runs one scenario from an empty folder to its proof. Whatever happens, nothing that it started is left. */
export async function runLab(options: Options, say: Say, abort: AbortSignal): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'malipo-crash-test-'));
  let isKept = options.keep;
  try {
    await using lab = await openLab(folder, options, abort);
    say(`everything runs; logs are in ${folder}`);
    const { report, findings } = await runIn(lab, folder, options, say, abort);
    isKept ||= !report.passed;
    return { report, findings, folder: isKept ? folder : null };
  } finally {
    await tidy(folder, isKept, options.keep);
  }
}

async function runIn(lab: Lab, folder: string, options: Options, say: Say, abort: AbortSignal) {
  const failed = new AbortController();
  const within = (ms: number) => AbortSignal.any([abort, failed.signal, AbortSignal.timeout(ms)]);
  const over = within(options.seconds * 1_000);
  const paying = lab.payers.run(over, within(options.seconds * 1_000 + answersWithinMs));
  try {
    const [{ injected, outage }] = await Promise.all([
      disturb(lab, options, say, over),
      tell(lab, say, over),
    ]);
    abort.throwIfAborted();
    say('the faults are over');
    await Promise.all(lab.malipos.map(({ service }) => service.ready(abort)));
    await paying;
    const sources: Sources = {
      ...lab,
      databaseUrl: lab.postgres.url,
      simulatorUrl: lab.simulator.url,
      dataDir: dataDir(folder),
    };
    const cameToRest = await comeToRest(sources, { say, abort });
    const facts = await gather(sources);
    const findings = prove(facts);
    const report = reportOn(options, sources, facts, findings, { injected, outage, cameToRest });
    return { report, findings };
  } finally {
    failed.abort();
    await paying;
  }
}

/** For how long clients go on asking for what was not answered, after the last fault. */
const answersWithinMs = 60_000;

async function disturb(
  lab: Lab,
  { scenario, seed }: Options,
  say: Say,
  over: AbortSignal,
): Promise<Pick<Run, 'injected' | 'outage'>> {
  if (scenario === 'redis-outage') {
    const outage = await redisOutage(lab.redis.service, over, say);
    await sleep(2 ** 31 - 1, over);
    return { injected: { ...noFaults(), 'restart-redis': 1 }, outage };
  }
  const targets = {
    ...lab,
    databaseUrl: lab.postgres.url,
    postgres: lab.postgres.service,
    redis: lab.redis.service,
  };
  return { injected: await injectFaults(targets, createRandom(seed), over, say), outage: null };
}

const tellEveryMs = 5_000;

async function tell({ payers, balancer, watchers }: Lab, say: Say, over: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(tellEveryMs, over);
    if (over.aborted) return;
    const answered = balancer.posts.filter(({ status }) => status === 200).length;
    say(
      `${payers.asked.length} payments (${payers.underWay} under way), ${answered} callbacks answered, ${watchers.watching} of ${watchers.all.length} watchers watching`,
    );
  }
}

/** Of a run that failed the logs are kept; the data only when asked for. */
async function tidy(folder: string, isKept: boolean, isDataKept: boolean): Promise<void> {
  if (isDataKept) return;
  await rm(isKept ? join(folder, 'postgres') : folder, { recursive: true, force: true });
}
