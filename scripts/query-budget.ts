/**
 * Shows that a deployment keeps to M-Pesa's limit of status queries, as M-Pesa counts them: two processes on one
 * PostgreSQL, the simulator with its limit on, and payments of which nothing is ever heard.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createSimulator } from '../src/simulator/simulator.ts';
import { readSimulatorSettings } from '../src/simulator/settings.ts';
import { findingsOf, problemsOf } from './query-budget/findings.ts';
import { startMalipo } from './query-budget/malipo-process.ts';
import { countWatched, createOwnDatabase, makeAllDue } from './query-budget/own-database.ts';
import { startRecordingProxy } from './query-budget/recording-proxy.ts';
import { askForSilentPayment, watchPayment } from './query-budget/silent-payment.ts';

const usage = `Usage: npm run check:query-budget -- [options]

Starts two Malipo processes on a PostgreSQL database of their own and a simulator that refuses status queries beyond the
limit, asks for payments that stay silent, watches the last of them, and notes when each query arrives at the simulator.
Fails when one was refused, when too many arrived within any 60 s, or when watched payments did not come first.

  --minutes <n>       how long to look (default 4)
  --per-minute <n>    the limit, and the budget that keeps to it (default 5, as Daraja's sandbox)
  --payments <n>      how many payments stay silent (default 100)
  --watched <n>       how many of them are watched (default 10)
  --database-url <u>  a PostgreSQL on which a database may be created
                      (default TEST_DATABASE_URL, else postgresql://postgres@127.0.0.1:5432/postgres)
  --json              print the findings as JSON
  --help              print this`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '4' },
    'per-minute': { type: 'string', default: '5' },
    payments: { type: 'string', default: '100' },
    watched: { type: 'string', default: '10' },
    'database-url': { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const [minutes, perMinute, payments, watched] = [
  values.minutes,
  values['per-minute'],
  values.payments,
  values.watched,
].map(Number) as [number, number, number, number];
const serverUrl =
  values['database-url'] ??
  process.env['TEST_DATABASE_URL'] ??
  'postgresql://postgres@127.0.0.1:5432/postgres';
const key = 'mlp_test_key_of_the_query_budget_check';

const say = (text: string) => (values.json ? undefined : console.log(text));

await using parts = new AsyncDisposableStack();
const dataDir = await mkdtemp(join(tmpdir(), 'malipo-query-budget-'));
parts.defer(() => rm(dataDir, { recursive: true }));
const database = parts.use(await createOwnDatabase(serverUrl));
const simulator = parts.use(
  await createSimulator({
    ...readSimulatorSettings({}),
    port: 0,
    delayMs: 0,
    queryLimitPerMinute: perMinute,
  }),
);
const proxy = parts.use(await startRecordingProxy(simulator.url));
const start = async () =>
  parts.use(
    await startMalipo({
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      MALIPO_SECRET: 'a-secret-of-the-query-budget-check',
      BOOTSTRAP_API_KEY: key,
      MPESA_ENVIRONMENT: 'simulator',
      MPESA_BASE_URL: proxy.url,
      STK_QUERY_BUDGET_PER_MINUTE: String(perMinute),
      RECONCILE_LADDER_SECONDS: '86400',
    }),
  );
const [one, other] = [await start(), await start()];
const servers = [one, other].map(({ url }) => ({ url, key }));

say(`Two processes, ${payments} silent payments, ${watched} of them watched, ${perMinute} queries a minute.`);
const watching = new AbortController();
parts.defer(() => watching.abort());
const watchedIds = new Set<string>();
for (let number = 0; number < payments; number += 1) {
  const [server, elsewhere] = number % 2 === 0 ? servers : servers.toReversed();
  if (server === undefined || elsewhere === undefined) break;
  const payment = await askForSilentPayment(server, `silent-${number}`);
  // The last, so that they wait least; and at the process that did not make them.
  if (number < payments - watched) continue;
  watchedIds.add(payment.checkoutRequestId);
  await watchPayment(elsewhere, payment, watching.signal);
}

while ((await countWatched(database)) < watched) await sleep(500);
await makeAllDue(database);
say(`All are due. Looking for ${minutes} minutes.`);
await sleep(minutes * 60_000);

const stats = (await (await fetch(`${simulator.url}/_simulator/stats`)).json()) as { oauthTokens: number };
const findings = findingsOf(proxy.queries, watchedIds, stats.oauthTokens);
const problems = problemsOf(findings, perMinute, watched);
if (values.json)
  console.log(JSON.stringify({ minutes, perMinute, payments, watched, ...findings, problems }));
else {
  console.log(`
queries                  ${findings.queries}
refused                  ${findings.refused}
most in any 60 s         ${findings.mostInAnyMinute}
smallest gap             ${findings.smallestGapSeconds.toFixed(2)} s
access tokens            ${findings.accessTokens}
order (w = watched)      ${findings.order}

${problems.join('\n') || 'All is well.'}`);
}
process.exitCode = problems.length === 0 ? 0 : 1;
