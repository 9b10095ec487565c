import { createCallbackOf } from '../../support/callback-of.ts';
import { startMeasuredServer, type MeasuredServer } from '../../support/measured-server.ts';
import { globalId, seededId, seedOpenPayments } from '../../support/open-payments.ts';
import { makeKeptDatabase, openKeptDatabase, type PooledDatabase } from '../../support/pooled-database.ts';
import { createPostLanes } from '../../support/post-lanes.ts';
import { sleepUntil } from '../../support/sleep-until.ts';
import { seedSettled } from './seed-settled.ts';

/** A Malipo on a database with so many payments that are settled. */
export type Size = AsyncDisposable & {
  rows: number;
  /** In milliseconds, one for each that was asked. */
  settle(seconds: number): Promise<number[]>;
  query(seconds: number): Promise<number[]>;
};

const perSecond = 200;

export async function openSize(
  rows: number,
  { secondsInAll, isKept, tell }: { secondsInAll: number; isKept: boolean; tell: (text: string) => void },
): Promise<Size> {
  await using parts = new AsyncDisposableStack();
  const database = parts.use(await seededDatabase(rows, isKept, tell));
  const first = await countPayments(database);
  await seedOpenPayments(database.pool, first, secondsInAll * perSecond);
  await database.pool.query('checkpoint');
  const server = parts.use(await startMeasuredServer(database.url));
  await assertAnswers(server, rows);
  const owned = parts.move();
  let next = first;
  const callbackOf = createCallbackOf(server.secret);
  const askedOf = () => ({ path: '/graphql', body: queryOf(Math.floor(Math.random() * rows)) });
  return {
    rows,
    settle: (seconds) => postSteadily(server, seconds, () => callbackOf(next++)),
    query: (seconds) => postSteadily(server, seconds, askedOf),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function seededDatabase(
  rows: number,
  isKept: boolean,
  tell: (text: string) => void,
): Promise<PooledDatabase> {
  const name = `malipo_bench_growth_${rows}`;
  const kept = await openKeptDatabase(name, !isKept);
  if (kept !== null && (await isSeeded(kept))) return kept;
  await kept?.drop();
  const database = await makeKeptDatabase(name, !isKept);
  try {
    await seedSettled(database.pool, rows, tell);
    return database;
  } catch (error) {
    await database.drop();
    throw error;
  }
}

/** A run that was broken off may have left it half made. */
async function isSeeded({ pool }: PooledDatabase): Promise<boolean> {
  const { rows } = await pool.query<{ isWhole: boolean }>(
    `select to_regclass('transactions') is not null and to_regclass('set_aside') is null as "isWhole"`,
  );
  return rows[0]?.isWhole === true;
}

async function countPayments({ pool }: PooledDatabase): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('select count(*)::int as count from transactions');
  return rows[0]?.count ?? 0;
}

const fields =
  'id status isFinal amount { formatted } phoneNumber accountReference mpesaReceiptNumber resultCode createdAt settledAt payerMessage canRetry';

function queryOf(number: number): string {
  const query = `query ($id: ID!) { transaction(by: { id: $id }) { ${fields} } }`;
  return JSON.stringify({ query, variables: { id: globalId(seededId(number)) } });
}

/** What is timed must be the payment, and not an error. */
async function assertAnswers({ port, key }: MeasuredServer, rows: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: queryOf(rows - 1),
  });
  const text = await response.text();
  if (!text.includes('"status":"COMPLETED"')) throw new Error(`The payment was not answered: ${text}`);
}

async function postSteadily(
  { port, key }: MeasuredServer,
  seconds: number,
  next: () => { path: string; body: string },
): Promise<number[]> {
  using lanes = createPostLanes(port, { authorization: `Bearer ${key}` });
  const startedAt = performance.now();
  const times: number[] = [];
  const post = async (): Promise<void> => {
    const { path, body } = next();
    const { status, writtenAt, answeredAt } = await lanes.post(path, body);
    if (status !== 200) throw new Error(`${path} was answered with ${status}`);
    times.push(answeredAt - writtenAt);
  };
  const posts: Promise<void>[] = [];
  for (let count = 0; count < seconds * perSecond; count += 1) {
    await sleepUntil(startedAt + (count * 1000) / perSecond);
    posts.push(post());
  }
  await Promise.all(posts);
  return times;
}
