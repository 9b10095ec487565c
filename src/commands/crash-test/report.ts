import type { Injected } from './faults/inject.ts';
import type { Outage } from './faults/redis-outage.ts';
import type { Options } from './options.ts';
import { percentile } from './percentile.ts';
import { isFinal } from './proof/final-statuses.ts';
import type { Facts } from './proof/facts.ts';
import type { Finding, FindingKind } from './proof/finding.ts';
import type { Sources } from './proof/gather.ts';
import { seenDelays } from './seen-delays.ts';

export type Run = { injected: Injected; outage: Outage | null; cameToRest: boolean };

/** What a run comes to, in figures that a script can read. */
export type Report = Record<string, string | number | boolean | null> & { passed: boolean };

export function reportOn(
  options: Options,
  sources: Sources,
  facts: Facts,
  findings: readonly Finding[],
  run: Run,
): Report {
  const { injected, outage, cameToRest } = run;
  const { balancer, payers, watchers } = sources;
  const answered = facts.posts.filter(({ status }) => status === 200);
  const count = (kind: FindingKind) => findings.filter((finding) => finding.kind === kind).length;
  const settled = answered.map(({ ms }) => ms);
  return {
    // Where nothing was put to the test, nothing was proven.
    passed: findings.length === 0 && cameToRest && answered.length > 0 && facts.watched.length > 0,
    scenario: options.scenario,
    ...(outage === null ? {} : { outageMs: Math.round(outage.to - outage.from) }),
    seed: options.seed,
    seconds: options.seconds,
    processes: options.processes,
    kills: injected.kill,
    rollingRestarts: injected['stop-malipo'],
    restarts: injected['restart-postgres'] + injected['restart-redis'],
    pauses: injected['pause-malipo'] + injected['pause-postgres'] + injected['pause-redis'],
    drops: injected['drop-database'] + injected['cut-sockets'],
    crashes: facts.crashes.reduce((sum, { times }) => sum + times, 0),
    payments: facts.stored.length,
    completed: facts.stored.filter(({ status }) => status === 'COMPLETED').length,
    stillOpen: facts.stored.filter(({ status }) => !isFinal(status)).length,
    clientRetries: payers.retries,
    callbacks: answered.length,
    callbacksUnanswered: facts.posts.filter(({ status }) => status === null).length,
    duplicatesPosted: balancer.duplicates,
    watchers: facts.watched.length,
    changesTold: facts.watched.reduce((sum, { seen }) => sum + seen.length, 0),
    reconnects: watchers.reconnects,
    resumed: watchers.resumed,
    cameToRest,
    lost: count('lost'),
    doubled: count('doubled'),
    gaps: count('gap'),
    reordered: count('reordered'),
    wrong: count('wrong'),
    settledP50Ms: percentile(settled, 0.5),
    settledP99Ms: percentile(settled, 0.99),
    ...seenDelays(facts, sources, outage),
  };
}
