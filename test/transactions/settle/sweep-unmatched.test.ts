import { describe, expect, it, vi } from 'vitest';
import type { RunTransaction, Sql } from '../../../src/database/sql.ts';
import { newId } from '../../../src/lib/ids.ts';
import { sweepUnmatched } from '../../../src/transactions/settle/match-unmatched.ts';
import { settle } from '../../../src/transactions/settle/settle.ts';
import type { Submission } from '../../../src/transactions/settle/submission.ts';
import { storePayment } from '../../support/payments.ts';
import { postgresql } from '../../support/test-database.ts';
import { success } from '../support/evidence.ts';
import { testLogger } from '../../support/log-record.ts';

/** A success on the shared path, which names its payment by this id alone. */
function unaddressed(checkoutRequestId: string, receipt: string): Submission {
  const { attempt: _attempt, receivedAt, ...said } = success({ receipt });
  const evidence = { ...said, checkoutRequestId };
  const body = Buffer.from(JSON.stringify(evidence));
  return { kind: 'unaddressed', id: newId(receivedAt), receivedAt, peer: null, body, evidence };
}

/** A point that is reached once, and passed when it is let. */
function createStop() {
  const reached = Promise.withResolvers<undefined>();
  const going = Promise.withResolvers<undefined>();
  const pass = (): Promise<undefined> => {
    reached.resolve(undefined);
    return going.promise;
  };
  return { pass, reached: reached.promise, goOn: () => going.resolve(undefined) };
}

/** Transactions that stand still just before they store evidence. */
function stalling(transaction: RunTransaction) {
  const { pass, ...stop } = createStop();
  const slow: RunTransaction = (work) =>
    transaction((sql) =>
      work(async <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) => {
        if (text.join('').includes('insert into evidence')) await pass();
        return sql<Row>(text, ...values);
      }),
    );
  return { slow, ...stop };
}

/** Transactions that stand still just before they are committed. */
function stallingAtEnd(transaction: RunTransaction) {
  const { pass, ...stop } = createStop();
  const slow: RunTransaction = (work) =>
    transaction(async (sql) => {
      const result = await work(sql);
      await pass();
      return result;
    });
  return { slow, ...stop };
}

async function untilOneWaits(sql: Sql): Promise<void> {
  await vi.waitFor(async () => {
    const waiting = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    expect(waiting).toHaveLength(1);
  });
}

describe.skipIf(!postgresql.available)('a sweep for callbacks whose payment is known by now', () => {
  it('settles the others where one cannot be settled, and that one when it can', async () => {
    await using database = await postgresql.open();
    const { prisma } = database;
    const deps = { ...database, announce: () => undefined, logger: testLogger };
    const payments: string[] = [];
    for (const number of [1, 2, 3]) {
      const { id } = await storePayment(prisma, { checkoutRequestId: null });
      const checkoutRequestId = `ws_CO_sweep_${String(number)}`;
      await settle(deps, [unaddressed(checkoutRequestId, `SWEEP${String(number)}`)]);
      await prisma.attempt.updateMany({ where: { transactionId: id }, data: { checkoutRequestId } });
      payments.push(id);
    }
    const statuses = async () => {
      const rows = await prisma.transaction.findMany();
      return payments.map((id) => rows.find((row) => row.id === id)?.status);
    };

    await prisma.$transaction(
      async (tx) => {
        await tx.$queryRaw`select id from transactions where id = ${payments[1]}::uuid for update`;
        await expect(sweepUnmatched(deps)).rejects.toThrow('Some callbacks could not be matched');
        expect(await statuses()).toEqual(['COMPLETED', 'AWAITING_PAYER', 'COMPLETED']);
      },
      { timeout: 20_000 },
    );
    await sweepUnmatched(deps);
    expect(await statuses()).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
    expect(await prisma.unmatchedEvidence.count()).toBe(0);
  });

  it('forgets what got its verdict while it was still being filed', async () => {
    await using database = await postgresql.open();
    const { prisma } = database;
    const deps = { ...database, announce: () => undefined, logger: testLogger };
    const { id } = await storePayment(prisma, { checkoutRequestId: null });
    const arrival = unaddressed('ws_CO_filed', 'FILED00001');
    const { slow, reached, goOn } = stallingAtEnd(database.transaction);
    const filing = settle({ ...deps, transaction: slow }, [arrival]);
    await reached;
    await prisma.attempt.updateMany({
      where: { transactionId: id },
      data: { checkoutRequestId: 'ws_CO_filed' },
    });
    const settling = settle(deps, [arrival]);
    await untilOneWaits(database.sql);
    goOn();
    await filing;
    expect(await settling).toMatchObject([{ verdict: 'APPLIED' }]);
    await sweepUnmatched(deps);
    expect(await prisma.unmatchedEvidence.count()).toBe(0);
    expect(await prisma.evidence.findMany()).toMatchObject([{ verdict: 'APPLIED', transactionId: id }]);
  });

  it('is not undone by a settlement of the same arrival that stood still before the payment was known', async () => {
    await using database = await postgresql.open();
    const { prisma } = database;
    const deps = { ...database, announce: () => undefined, logger: testLogger };
    const { id } = await storePayment(prisma, { checkoutRequestId: null });
    const arrival = unaddressed('ws_CO_late', 'LATE000001');
    const { slow, reached, goOn } = stalling(database.transaction);
    const late = settle({ ...deps, transaction: slow }, [arrival]);
    await reached;
    await prisma.attempt.updateMany({
      where: { transactionId: id },
      data: { checkoutRequestId: 'ws_CO_late' },
    });
    expect(await settle(deps, [arrival])).toMatchObject([{ verdict: 'APPLIED' }]);
    goOn();
    await late;
    await sweepUnmatched(deps);
    expect(await prisma.evidence.findMany()).toMatchObject([{ verdict: 'APPLIED', transactionId: id }]);
    expect(await prisma.unmatchedEvidence.count()).toBe(0);

    await settle(deps, [unaddressed('ws_CO_late', 'LATE000002')]);
    expect(await prisma.transaction.findUnique({ where: { id } })).toMatchObject({
      status: 'COMPLETED',
      mpesaReceiptNumber: 'LATE000001',
      attention: ['PAID_TWICE'],
    });
  });
});
