import { expect, it } from 'vitest';
import { createPaymentStanding } from '../../src/metrics/payment-standing.ts';
import { storePayments } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';

const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

onEachDatabase('how payments stand', (opened) => {
  it('is read of open payments and of those that need attention alone', async () => {
    const { prisma } = opened();
    const read = () => createPaymentStanding(prisma, 'budget')();
    expect(await read()).toEqual({
      open: [],
      oldestOpenSeconds: 0,
      attention: [],
      queriesDue: 0,
      slotsTaken: 0,
      halvedUntilSeconds: 0,
    });
    const stored = await storePayments(prisma, [
      { status: 'REQUESTED', createdAt: minutesAgo(1) },
      { status: 'AWAITING_PAYER', createdAt: minutesAgo(1) },
      { status: 'AWAITING_PAYER', createdAt: minutesAgo(3) },
      { status: 'AWAITING_PAYER', createdAt: minutesAgo(4) },
      { status: 'UNCONFIRMED', createdAt: minutesAgo(30), checkoutRequestId: null },
      { status: 'UNCONFIRMED', createdAt: minutesAgo(120), attention: ['STILL_OPEN'] },
      { status: 'UNCONFIRMED', createdAt: minutesAgo(3 * 24 * 60), attention: ['STILL_OPEN'] },
      // These are final: one is still to be asked about, as one is whose amount differs.
      {
        status: 'COMPLETED',
        createdAt: minutesAgo(9 * 24 * 60),
        attention: ['AMOUNT_DIFFERS', 'PAID_TWICE'],
      },
      { status: 'FAILED', createdAt: minutesAgo(9 * 24 * 60), failureReason: 'OTHER' },
    ]);
    const halvedUntil = new Date('2026-11-27T12:00:00Z');
    await prisma.queryBudget.create({
      data: { name: 'budget', nextSlotAt: new Date(), slotsTaken: 7n, halvedUntil },
    });
    await prisma.queryBudget.create({
      data: { name: 'of another', nextSlotAt: new Date(), slotsTaken: 100n },
    });
    for (const index of [3, 4, 7]) {
      const transactionId = stored[index]?.id ?? '';
      await prisma.openWork.update({ where: { transactionId }, data: { nextCheckAt: minutesAgo(1) } });
    }
    const standing = await read();
    expect(
      standing.open.toSorted((a, b) => `${a.status}${a.age}`.localeCompare(`${b.status}${b.age}`)),
    ).toEqual([
      { status: 'AWAITING_PAYER', age: '2m_to_10m', payments: 2 },
      { status: 'AWAITING_PAYER', age: 'under_2m', payments: 1 },
      { status: 'REQUESTED', age: 'under_2m', payments: 1 },
      { status: 'UNCONFIRMED', age: '10m_to_1h', payments: 1 },
      { status: 'UNCONFIRMED', age: '1h_to_1d', payments: 1 },
      { status: 'UNCONFIRMED', age: 'over_1d', payments: 1 },
    ]);
    expect(standing.oldestOpenSeconds).toBeGreaterThanOrEqual(3 * 86_400);
    expect(standing.oldestOpenSeconds).toBeLessThan(4 * 86_400);
    expect(standing.attention.toSorted((a, b) => a.reason.localeCompare(b.reason))).toEqual([
      { reason: 'AMOUNT_DIFFERS', payments: 1 },
      { reason: 'PAID_TWICE', payments: 1 },
      { reason: 'STILL_OPEN', payments: 2 },
    ]);
    // The one without an id cannot be asked about.
    expect(standing).toMatchObject({
      queriesDue: 2,
      slotsTaken: 7,
      halvedUntilSeconds: halvedUntil.getTime() / 1_000,
    });
  });

  it('is read once for all who ask within seconds', async () => {
    const { prisma } = opened();
    const read = createPaymentStanding(prisma, 'budget');
    const [first, second] = await Promise.all([read(), read()]);
    expect(second).toBe(first);
    expect(await read()).toBe(first);
  });
});
