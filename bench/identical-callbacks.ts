import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { makeCallbackToken } from '../src/callbacks/callback-token.ts';
import { deriveKey } from '../src/config/kept-secret.ts';
import { Masked } from '../src/lib/masked.ts';
import { startServer, type RunningServer } from './support/running-server.ts';

const help = `Posts the same success callback to one payment many times at once, and says what came of it.

  npm run bench:callbacks [-- options]

  --count N         how many posts; default 10000
  --connections N   over how many connections at once; default 1000
  --json            one line of JSON and nothing else
  -h, --help        this

Runs on the database that DATABASE_URL names, or on an embedded one. Exits with 1 unless every post is answered 200 and
the payment is completed once. Times are in milliseconds, from when a post was handed to its client: with so many at
once they are mostly time in the queue.`;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    connections: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

async function run(count: number, connections: number): Promise<void> {
  await using server = await startServer();
  const transactionId = await requestPayment(server);
  const startedAt = performance.now();
  const answers = await postAll(server, transactionId, count, connections);
  const seconds = (performance.now() - startedAt) / 1000;
  const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const result = {
    posts: count,
    connections,
    answered200: answers.filter(({ status }) => status === 200).length,
    ...(await readOutcome(server, transactionId)),
    perSecond: Math.round(count / seconds),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
  };
  console.log(values.json ? JSON.stringify(result) : result);
  if (result.answered200 !== count || result.movesToCompleted !== 1) process.exitCode = 1;
}

/** To a payer who does nothing until a person decides. */
const patientPayer = '254700000028';

async function requestPayment(server: RunningServer): Promise<string> {
  const { initiateStkPush } = await ask<{ initiateStkPush: { transaction: { id: string } } }>(
    server,
    'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { transaction { id } } }',
    {
      input: {
        phoneNumber: patientPayer,
        amount: 10,
        accountReference: 'BENCH',
        idempotencyKey: `bench-${Date.now()}`,
      },
    },
  );
  return initiateStkPush.transaction.id;
}

type Answer = { status: number; ms: number };

async function postAll(
  server: RunningServer,
  transactionId: string,
  count: number,
  connections: number,
): Promise<Answer[]> {
  await using pool = closing(new Pool(server.url, { connections }));
  const key = deriveKey(new Masked(server.secret), 'callback-token');
  const path = `/cb/${makeCallbackToken(key, { transactionId: rowIdOf(transactionId), attempt: 1 })}`;
  const post = async (): Promise<Answer> => {
    const startedAt = performance.now();
    const { statusCode, body } = await pool.request({ path, method: 'POST', body: success });
    await body.dump();
    return { status: statusCode, ms: Math.round(performance.now() - startedAt) };
  };
  return await Promise.all(Array.from({ length: count }, post));
}

function closing(pool: Pool): Pool & AsyncDisposable {
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.close() });
}

const success = JSON.stringify({
  Body: {
    stkCallback: {
      MerchantRequestID: '29115-34620561-1',
      CheckoutRequestID: 'ws_CO_bench',
      ResultCode: 0,
      ResultDesc: 'The service request is processed successfully.',
      CallbackMetadata: {
        Item: [
          { Name: 'Amount', Value: 10 },
          { Name: 'MpesaReceiptNumber', Value: `BENCH${Date.now().toString(36).toUpperCase()}` },
          { Name: 'TransactionDate', Value: 20261124071500 },
          { Name: 'PhoneNumber', Value: 254700000028 },
        ],
      },
    },
  },
});

async function readOutcome(server: RunningServer, id: string) {
  const { transaction } = await ask<{ transaction: { status: string; timeline: { status: string }[] } }>(
    server,
    'query ($id: ID!) { transaction(by: { id: $id }) { status timeline { status } } }',
    { id },
  );
  const movesToCompleted = transaction.timeline.filter(({ status }) => status === 'COMPLETED').length;
  return { status: transaction.status, movesToCompleted };
}

async function ask<Data>({ url, key }: RunningServer, query: string, variables: object): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  return ((await response.json()) as { data: Data }).data;
}

function rowIdOf(globalId: string): string {
  return Buffer.from(globalId, 'base64').toString().replace('Transaction:', '');
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

if (values.help) console.log(help);
else await run(Number(values.count), Number(values.connections));
