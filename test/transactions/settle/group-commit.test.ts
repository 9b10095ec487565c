import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database, PrismaClient } from '../../../src/database/database.ts';
import { openDatabase } from '../../../src/database/open-database.ts';
import { createBatcher } from '../../../src/lib/batcher.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { Judgement } from '../../../src/transactions/decide/evidence.ts';
import { matchUnmatched, sweepUnmatched } from '../../../src/transactions/settle/match-unmatched.ts';
import { settle } from '../../../src/transactions/settle/settle.ts';
import type { Submission } from '../../../src/transactions/settle/submission.ts';
import { storePayment, storePayments, type StoredPayment } from '../../support/payments.ts';
import { createRandom } from '../../../src/commands/crash-test/random.ts';
import { onEachDatabase, postgresAt, postgresql, type TestDatabase } from '../../support/test-database.ts';
import { failure, success } from '../support/evidence.ts';
import { testLogger } from '../../support/log-record.ts';

const receivedAt = new Date('2026-11-24T07:10:31Z');
const silent = { announce: () => undefined, logger: testLogger };
const seeds = [7, Number(process.env['GROUP_SEED'] ?? Math.floor(Math.random() * 2 ** 31))];

type Callback = ReturnType<typeof success>;

function posted(payment: StoredPayment, callback: Callback): Submission {
  const evidence = { ...callback, checkoutRequestId: payment.checkoutRequestId };
  const body = Buffer.from(JSON.stringify(evidence));
  return {
    kind: 'evidence',
    id: newId(receivedAt),
    receivedAt,
    peer: null,
    body,
    transactionId: payment.id,
    evidence,
  };
}

type Spoken = { payment: number; says: 'paid' | 'paid-again' | 'shared' | 'less' | '1032' | '1' | '2008' };

/** `salt` keeps the receipts of two worlds apart. */
function callbackOf({ says, payment }: Spoken, salt: string): Callback {
  const own = `${salt}${String(payment)}`;
  switch (says) {
    case 'paid':
      return success({ receipt: `${own}A` });
    case 'paid-again':
      return success({ receipt: `${own}B` });
    case 'shared':
      return success({ receipt: `${salt}S` });
    case 'less':
      return success({ receipt: `${own}A`, amountCents: 100 });
    default:
      return failure(says);
  }
}

const words = fc.array(
  fc.record({
    payment: fc.nat(2),
    says: fc.constantFrom<Spoken['says'][]>('paid', 'paid-again', 'shared', 'less', '1032', '1', '2008'),
  }),
  { minLength: 1, maxLength: 6 },
);

/** What decide hears first: design §6 folds the evidence of one row by rank. */
const ranks: Record<Spoken['says'], number> = {
  paid: 1,
  'paid-again': 1,
  shared: 1,
  less: 1.5,
  '1032': 3,
  '1': 3,
  '2008': 3,
};

/**
 * Everything that is stored of payments, without their ids and the salt of their receipts. `updatedAt` and the bytes
 * are those of the words; the order of evidence inside one commit is that of its ids.
 */
async function stored(prisma: PrismaClient, payments: readonly StoredPayment[], salt: string) {
  const rows = await Promise.all(
    payments.map(({ id }) =>
      prisma.transaction.findUniqueOrThrow({
        where: { id },
        include: {
          events: { orderBy: { sequence: 'asc' } },
          evidence: true,
          receipts: true,
          attempts: true,
          openWork: true,
        },
      }),
    ),
  );
  return rows.map(({ id, events, evidence, receipts, attempts, openWork, ...row }) =>
    Object.fromEntries(
      Object.entries({
        ...row,
        idempotencyKey: null,
        attention: row.attention.toSorted(),
        events: events.map((event) => ({ ...event, transactionId: null })),
        evidence: evidence
          .map(({ verdict, verdictReason, resultCode, receipt, repeats, amountCents }) =>
            JSON.stringify([verdict, verdictReason, resultCode, receipt, amountCents, repeats]),
          )
          .sort(),
        receipts: receipts.map(({ receipt }) => receipt).sort(),
        attempts: attempts.map(({ checkoutRequestId }) => checkoutRequestId),
        isAsked: openWork !== null && openWork.nextCheckAt !== null,
      }).map(([key, value]) => [
        key,
        JSON.parse(JSON.stringify(value).replaceAll(id, 'id').replaceAll(salt, '')) as unknown,
      ]),
    ),
  );
}

function at(payments: readonly StoredPayment[], index: number): StoredPayment {
  const payment = payments[index];
  if (payment === undefined) throw new Error('There is no such payment');
  return payment;
}

let salts = 0;

onEachDatabase('a group commit', (opened) => {
  for (const seed of seeds) {
    it(`equals settling one by one, the better evidence first (seed ${String(seed)})`, async () => {
      const { prisma } = opened();
      await fc.assert(
        fc.asyncProperty(words, async (spoken) => {
          const all = await storePayments(prisma, [{}, {}, {}, {}, {}, {}]);
          const [together, alone] = [all.slice(0, 3), all.slice(3)];
          const [saltA, saltB] = [`TOGETHER${String((salts += 1))}-`, `ALONE${String(salts)}-`];
          const said = (payments: readonly StoredPayment[], salt: string) => (one: Spoken) =>
            posted(at(payments, one.payment), callbackOf(one, salt));
          await settle({ ...opened(), ...silent }, spoken.map(said(together, saltA)));
          // A receipt is claimed on arrival: whoever names the shared one first has it, before any rank is compared.
          const holder = spoken.find(({ says }) => says === 'shared')?.payment;
          const order = spoken.toSorted(
            (a, b) =>
              Number(b.payment === holder) - Number(a.payment === holder) || ranks[a.says] - ranks[b.says],
          );
          for (const submission of order.map(said(alone, saltB)))
            await settle({ ...opened(), ...silent }, [submission]);
          expect(await stored(prisma, together, saltA)).toEqual(await stored(prisma, alone, saltB));
        }),
        { seed, numRuns: 12 },
      );
    });
  }

  it('keeps the word of an arrival that two settle at once', async () => {
    const { prisma } = opened();
    for (let round = 0; round < 10; round += 1) {
      const payment = await storePayment(prisma);
      const one = posted(payment, success({ receipt: `TWICE${String(round)}${payment.id}` }));
      await Promise.all([
        settle({ ...opened(), ...silent }, [one]),
        settle({ ...opened(), ...silent }, [one]),
      ]);
      expect(await prisma.evidence.findMany({ where: { transactionId: payment.id } })).toMatchObject([
        { verdict: 'APPLIED', repeats: 0 },
      ]);
    }
  });

  it('matches a waiting callback once, however many sweep at once', async () => {
    const { prisma } = opened();
    for (let round = 0; round < 10; round += 1) {
      const payment = await storePayment(prisma, { checkoutRequestId: null });
      const name = `ws_CO_swept_${payment.id}`;
      const { attempt: _attempt, ...evidence } = success({ receipt: `SWEPT${payment.id}` });
      const body = Buffer.from(name);
      const callback = { ...evidence, checkoutRequestId: name };
      await settle({ ...opened(), ...silent }, [
        { kind: 'unaddressed', id: newId(receivedAt), receivedAt, peer: null, body, evidence: callback },
      ]);
      await prisma.attempt.updateMany({
        where: { transactionId: payment.id },
        data: { checkoutRequestId: name },
      });
      const deps = { ...opened(), ...silent };
      await Promise.all([sweepUnmatched(deps), matchUnmatched(deps, name), sweepUnmatched(deps)]);
      expect(await prisma.evidence.findMany({ where: { transactionId: payment.id } })).toMatchObject([
        { verdict: 'APPLIED', repeats: 0 },
      ]);
      expect(await prisma.unmatchedEvidence.count({ where: { checkoutRequestId: name } })).toBe(0);
    }
  });
});

describe.skipIf(!postgresql.available)('group commits of four processes (postgresql)', () => {
  let database: TestDatabase & { url: string };
  let processes: Database[];
  beforeAll(async () => {
    const { url = '', ...rest } = await postgresql.open();
    database = { ...rest, url };
    processes = await Promise.all([1, 2, 3, 4].map(() => openDatabase(postgresAt(url))));
  });
  afterAll(async () => {
    await Promise.all(processes.map((one) => one[Symbol.asyncDispose]()));
    await database[Symbol.asyncDispose]();
  });

  const deadlocks = async () => {
    const [row] = await database.prisma.$queryRaw<{ deadlocks: bigint }[]>`
      select deadlocks from pg_stat_database where datname = current_database()`;
    return Number(row?.deadlocks);
  };

  for (const seed of seeds) {
    it(`never deadlock, lose nothing and give each receipt once (seed ${String(seed)})`, async () => {
      const random = createRandom(seed);
      for (let round = 0; round < 6; round += 1) {
        const payments = await storePayments(
          database.prisma,
          Array.from({ length: 12 }, () => ({})),
        );
        const salt = `FOUR${String((salts += 1))}-`;
        const everything = payments.flatMap((payment, index) => [
          posted(payment, success({ receipt: `${salt}${String(index)}` })),
          posted(payment, failure('1032')),
          // Receipts of neighbours, so that they cross.
          posted(payment, success({ receipt: `${salt}${String((index + 1) % payments.length)}` })),
        ]);
        const batches = processes.flatMap((process) =>
          [1, 2].map(() => ({
            process,
            batch: random
              .shuffled(everything)
              .slice(0, 20)
              .map((one) => ({ ...one, id: newId(receivedAt) })),
          })),
        );
        // A deadlock (40P01) would reject: nothing here tries again.
        const judged = await Promise.all(
          batches.map(({ process, batch }) => settle({ ...process, ...silent }, batch)),
        );
        const arrivals = batches.flatMap(({ batch }) => batch);
        await expectAccounted(database.prisma, payments, arrivals, judged.flat());
      }
      expect(await deadlocks()).toBe(0);
    });
  }

  it('cost no neighbour anything when one payment cannot be had', async () => {
    const [held, ...others] = await storePayments(
      database.prisma,
      Array.from({ length: 6 }, () => ({})),
    );
    if (held === undefined) throw new Error('Payments were stored');
    await using holder = await hold(database.url, held);
    const batcher = createBatcher<Submission, Judgement>(
      (batch) => settle({ ...database, ...silent }, batch),
      {
        sizeMax: 200,
      },
    );
    // The first goes alone; the rest, the held one among them, share a batch that must fail.
    const [first, ...rest] = others;
    const about = (payment: StoredPayment) => posted(payment, success({ receipt: `HELD${payment.id}` }));
    const outcomes = await Promise.allSettled(
      [first ?? held, held, ...rest].map((payment) => batcher.add(about(payment))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      ...rest.map(() => 'fulfilled'),
    ]);
    expect(String((outcomes[1] as PromiseRejectedResult).reason)).toMatch(/55P03|lock timeout/i);
    await holder.release();
    expect(await batcher.add(about(held))).toMatchObject({ verdict: 'APPLIED' });
  });

  it('are whole or absent when their connection is cut, and storing again has one effect', async () => {
    for (let round = 0; round < 10; round += 1) {
      const payments = await storePayments(
        database.prisma,
        Array.from({ length: 8 }, () => ({})),
      );
      const [, last] = payments.toSorted((a, b) => (a.id < b.id ? 1 : -1));
      if (last === undefined) throw new Error('Payments were stored');
      const batch = payments.flatMap((payment) => [
        posted(payment, success({ receipt: `CUT${payment.id}` })),
        posted(payment, failure('1032')),
      ]);
      const process = processes[0] ?? database;
      const { prisma } = process;
      {
        // It has locked some of its rows and waits for one of the last: there it is cut.
        await using _holder = await hold(database.url, last);
        const cutting = settle({ ...process, ...silent }, batch).then(
          () => 'stored',
          () => 'cut',
        );
        await terminateWaiting(database.url);
        expect(await cutting).toBe('cut');
      }
      const where = { transactionId: { in: payments.map(({ id }) => id) } };
      expect(await prisma.evidence.count({ where })).toBe(0);
      expect(await prisma.receipt.count({ where })).toBe(0);
      for (const _again of [1, 2]) await settle({ ...process, ...silent }, batch);
      expect(await prisma.evidence.count({ where })).toBe(batch.length);
      expect(await prisma.evidence.count({ where: { ...where, repeats: { gt: 0 } } })).toBe(0);
      expect(await prisma.transactionEvent.count({ where })).toBe(payments.length * 2);
    }
  });

  it('leave no row locked when a process stops in the middle of one', async () => {
    const url = new URL(database.url);
    url.searchParams.set('options', '-c idle_in_transaction_session_timeout=1s');
    const payment = await storePayment(database.prisma);
    await using stopped = await hold(url.href, payment);
    const store = () =>
      settle({ ...database, ...silent }, [posted(payment, success({ receipt: `IDLE${payment.id}` }))]);
    // The lock timeout is 1 s too: the first try may give up just before the server ends the stopped session.
    const [judged] = await store().catch(store);
    expect(judged?.verdict).toBe('APPLIED');
    await expect.poll(() => stopped.isEnded()).toBe(true);
  });
});

/** Every arrival is stored or counted, every event is in its place, and a receipt has one payment. */
async function expectAccounted(
  prisma: PrismaClient,
  payments: readonly StoredPayment[],
  arrivals: readonly Submission[],
  judgements: readonly Judgement[],
): Promise<void> {
  const rows = await prisma.transaction.findMany({
    where: { id: { in: payments.map(({ id }) => id) } },
    include: { evidence: true, events: true, receipts: true },
  });
  const evidence = rows.flatMap((row) => row.evidence);
  const storedIds = new Map(evidence.map(({ id, verdict }) => [id, verdict]));
  expect(evidence.reduce((sum, { repeats }) => sum + 1 + repeats, 0)).toBe(arrivals.length);
  arrivals.forEach(({ id }, index) => {
    const verdict = judgements[index]?.verdict;
    if (storedIds.has(id)) expect(storedIds.get(id)).toBe(verdict);
    else expect(verdict).toBe('DUPLICATE');
  });
  for (const { sequence, events } of rows)
    expect(events.map((event) => event.sequence).sort((a, b) => a - b)).toEqual(
      Array.from({ length: sequence }, (_, index) => index + 1),
    );
  const shown = rows.flatMap(({ mpesaReceiptNumber }) => mpesaReceiptNumber ?? []);
  expect(new Set(shown).size).toBe(shown.length);
  for (const { mpesaReceiptNumber, receipts } of rows) {
    if (mpesaReceiptNumber !== null)
      expect(receipts.map(({ receipt }) => receipt)).toContain(mpesaReceiptNumber);
  }
}

/** Another session that has the payment's row and does nothing. */
async function hold(url: string, { id }: StoredPayment) {
  const client = new Client({ connectionString: url });
  let isEnded = false;
  client.on('error', () => (isEnded = true));
  await client.connect();
  await client.query('begin');
  await client.query('select 1 from transactions where id = $1 for update', [id]);
  const release = async () => {
    if (isEnded) return;
    isEnded = true;
    await client.end();
  };
  return { release, isEnded: () => isEnded, [Symbol.asyncDispose]: release };
}

/** Waits until a session of this database waits for a lock, and ends it. */
async function terminateWaiting(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (;;) {
      const { rowCount } = await client.query(`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()`);
      if (rowCount !== null && rowCount > 0) return;
      await pause(5);
    }
  } finally {
    await client.end();
  }
}
