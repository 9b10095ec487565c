import { beforeAll, expect, it } from 'vitest';
import { createPaymentRows, type PaymentRows } from '../../src/transactions/payment-rows.ts';
import { newId } from '../../src/lib/ids.ts';
import { storePayment } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';

onEachDatabase('a payment’s row', (opened) => {
  let rowOf: PaymentRows;
  beforeAll(() => {
    rowOf = createPaymentRows(opened().sql);
  });

  const asPrismaReads = (id: string) => opened().prisma.transaction.findUniqueOrThrow({ where: { id } });

  it('is read as Prisma reads it, column by column', async () => {
    const { id } = await storePayment(opened().prisma, {
      status: 'FAILED',
      metadata: { order: 17, items: ['a', null] },
      attention: ['PAID_TWICE', 'STILL_OPEN'],
      failureReason: 'OTHER',
      paidAmountCents: 100,
      settledRank: 3,
      paidAt: new Date('2026-11-24T07:09:59.123Z'),
      settledAt: new Date('0099-01-01T00:00:00Z'),
    });
    expect(await rowOf(id)).toStrictEqual(await asPrismaReads(id));
  });

  it('is read where it is all empty that may be', async () => {
    const { id } = await storePayment(opened().prisma, { phoneNumber: null });
    expect(await rowOf(id)).toStrictEqual(await asPrismaReads(id));
  });

  it('is found for all who ask at once, and null for those whose payment is not there', async () => {
    const { prisma } = opened();
    const [one, other] = [await storePayment(prisma), await storePayment(prisma)];
    const ids = [one.id, newId(new Date()), other.id, one.id];
    const rows = await Promise.all(ids.map(rowOf));
    expect(rows.map((row) => row?.id)).toEqual([one.id, undefined, other.id, one.id]);
  });

  it('is as it was left by whatever was done before it was asked for', async () => {
    const { prisma } = opened();
    const { id } = await storePayment(prisma);
    const early = rowOf(id);
    for (let sequence = 2; sequence < 10; sequence += 1) {
      await prisma.transaction.update({ where: { id }, data: { sequence } });
      expect((await rowOf(id))?.sequence).toBe(sequence);
    }
    await early;
  });
});
