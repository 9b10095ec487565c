/** Sends a server that it starts itself many thousand bad requests, and looks what becomes of it and of others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { askForPayment } from './fuzz/ask-for-payment.ts';
import { startGoodClient } from './fuzz/good-client.ts';
import { runAttacks } from './fuzz/run-attacks.ts';
import { startAttackedServer } from './fuzz/server.ts';

const usage = `Usage: npm run fuzz -- [options]

Makes bad GraphQL documents, variables, bodies, callbacks, headers and WebSocket frames from a seed and sends them to a
Malipo that it starts for the purpose, on an embedded database unless DATABASE_URL names another. Meanwhile a client that
behaves asks for one payment 25 times a second. Fails when an answer blamed the server, when the server ended or kept
memory, or when the client that behaves was answered less than half as fast as before.

  --count <n>       how many (default 100000)
  --seed <n>        which (default 1)
  --first <n>       begin with the n-th of that seed, to send one again that failed
  --per-second <n>  how fast at the most (default 200)
  --json            print the findings as one line of JSON
  --help            print this`;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    'per-second': { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Before anything is measured: what a server keeps for good, such as parsed documents, it has by then. */
const warmUpCount = 3_000;
const quietMs = 20_000;
/** What may be kept beyond what was in use before, in megabytes. */
const keptMbMax = 24;
const slowerMax = 2;

async function run(): Promise<void> {
  const [count, seed, first, perSecond] = [values.count, values.seed, values.first, values['per-second']].map(
    Number,
  ) as [number, number, number, number];
  await using server = await startAttackedServer({
    DATABASE_URL: process.env['DATABASE_URL'],
    RATE_LIMITS: 'on',
  });
  const { id, watchToken } = await askForPayment(server);
  const say = (text: string) => console.error(text);

  // With a watch token it has an allowance of its own.
  await using client = startGoodClient({ url: server.url, watchToken, id });
  const options = { seed, atOnce: 4, perSecond };
  await runAttacks(server, { ...options, seed: seed + 1, count: warmUpCount });
  const quietly = async () => {
    await sleep(2_000);
    await client.report();
    await sleep(quietMs);
    return client.report();
  };
  const before = await quietly();
  const heapBefore = await server.heapMb();
  say(`before: p99 ${before.p99Ms} ms, ${heapBefore} MB in use`);

  await client.report();
  const startedAt = performance.now();
  const { sent, outcomes, failures, slowest } = await runAttacks(server, { ...options, count, first });
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const during = await client.report();
  const after = await quietly();
  const heapAfter = await server.heapMb();
  const findings = {
    sent,
    seed,
    seconds,
    failures,
    slowest,
    isAlive: server.isAlive(),
    heapMb: { before: heapBefore, after: heapAfter },
    residentMb: await server.residentMb(),
    goodClient: { before, during, after },
    p99Ratio: Math.round((during.p99Ms / before.p99Ms) * 100) / 100,
    outcomes,
  };
  if (values.json) console.log(JSON.stringify(findings));
  else console.dir(findings, { depth: 4 });
  const problems = [
    failures.length > 0 && 'answers blamed the server',
    !findings.isAlive && 'the server ended',
    heapAfter > heapBefore + keptMbMax && 'the server kept memory',
    during.failed > 0 && 'a client that behaves was not answered',
    findings.p99Ratio > slowerMax && 'a client that behaves was answered too slowly',
  ].filter((problem) => problem !== false);
  for (const problem of problems) say(`FAILED: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

if (values.help) console.log(usage);
else await run();
