import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database/open-database.ts';
import { seedClient } from '../../bench/support/seed/seed-client.ts';
import { seedOpenPayments, seedTransactions } from '../../bench/support/seed/seed-payments.ts';
import { seededPayment } from '../../bench/support/seed/seeded-payment.ts';

test('a seeded payment is what its number says, with all that Malipo keeps of one', async () => {
  await using database = await openDatabase({ kind: 'embedded', dataDir: null });
  await database.migrate();
  const { prisma } = database;
  const run = (text: string) => prisma.$executeRawUnsafe(text);
  await seedClient(run);
  await seedTransactions(run, { from: 0, count: 20 });
  await seedOpenPayments(run, { from: 20, count: 5 });

  for (const number of [0, 19, 20, 24]) {
    const { id, receipt, ...said } = seededPayment(number);
    const isPaid = number < 20;
    const stored = await prisma.transaction.findUniqueOrThrow({
      where: { id },
      include: { attempts: true, events: true, evidence: true, receipts: true, openWork: true },
    });
    expect(stored).toMatchObject({
      phoneNumber: said.phoneNumber,
      amountCents: said.amountShillings * 100,
      checkoutRequestId: said.checkoutRequestId,
      merchantRequestId: said.merchantRequestId,
      mpesaReceiptNumber: isPaid ? receipt : null,
      status: isPaid ? 'COMPLETED' : 'AWAITING_PAYER',
      attention: [],
    });
    expect(stored.attempts).toHaveLength(1);
    expect(stored.events.map(({ sequence }) => sequence)).toEqual(isPaid ? [1, 2, 3] : [1, 2]);
    expect(stored.evidence).toHaveLength(isPaid ? 1 : 0);
    expect(stored.receipts.map((row) => row.receipt)).toEqual(isPaid ? [receipt] : []);
    expect(stored.openWork === null).toBe(isPaid);
  }
});
