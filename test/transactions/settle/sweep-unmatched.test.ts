import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { sweepUnmatched } from '../../../src/transactions/settle/match-unmatched.ts';
import { settle } from '../../../src/transactions/settle/settle.ts';
import { storePayment } from '../../support/payments.ts';
import { postgresql } from '../../support/test-database.ts';
import { success } from '../support/evidence.ts';

describe.skipIf(!postgresql.available)('a sweep for callbacks whose payment is known by now', () => {
  it('settles the others where one cannot be settled, and that one when it can', async () => {
    await using database = await postgresql.open();
    const { prisma } = database;
    const deps = { prisma, announce: () => undefined };
    const payments: string[] = [];
    for (const number of [1, 2, 3]) {
      const { id } = await storePayment(prisma, { checkoutRequestId: null });
      const { attempt: _attempt, receivedAt, ...said } = success({ receipt: `SWEEP${String(number)}` });
      const evidence = { ...said, checkoutRequestId: `ws_CO_sweep_${String(number)}` };
      const body = Buffer.from(JSON.stringify(evidence));
      await settle(deps, [
        { kind: 'unaddressed', id: newId(receivedAt), receivedAt, peer: null, body, evidence },
      ]);
      const { checkoutRequestId } = evidence;
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
});
