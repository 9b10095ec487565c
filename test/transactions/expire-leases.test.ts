import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { PrismaClient } from '../../src/database/database.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { abandonLeases, expireLeases } from '../../src/transactions/expire-leases.ts';
import { collectHints } from '../support/hints.ts';
import { storePayment, type PaymentColumns, type StoredPayment } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';
import { testLogger } from '../support/log-record.ts';

onEachDatabase('a push whose process died', (opened) => {
  let prisma: PrismaClient;
  beforeAll(() => {
    ({ prisma } = opened());
  });
  beforeEach(async () => {
    await prisma.openWork.deleteMany();
  });

  const { hints, announce } = collectHints();
  const expire = () => expireLeases({ ...opened(), clock: systemClock, announce, logger: testLogger });
  const statusOf = async ({ id }: StoredPayment) =>
    prisma.transaction.findUniqueOrThrow({ where: { id }, select: { status: true, failureReason: true } });

  async function storeLeased(leaseExpiresAt: Date, dispatchedAt: Date | null, columns: PaymentColumns = {}) {
    const payment = await storePayment(prisma, {
      status: 'REQUESTED',
      checkoutRequestId: null,
      ...columns,
    });
    const where = { transactionId: payment.id };
    await prisma.openWork.updateMany({ where, data: { leaseHolder: 'gone', leaseExpiresAt } });
    await prisma.attempt.updateMany({
      where: { ...where, number: columns.attempts ?? 1 },
      data: { dispatchedAt },
    });
    return payment;
  }

  const past = new Date('2026-01-01T00:00:00Z');
  const future = new Date('2100-01-01T00:00:00Z');

  it('has failed with PROMPT_NOT_SENT when it was never dispatched', async () => {
    const payment = await storeLeased(past, null);
    expect(await expire()).toBe(1);
    expect(await statusOf(payment)).toEqual({ status: 'FAILED', failureReason: 'PROMPT_NOT_SENT' });
  });

  it('is unconfirmed when it was dispatched', async () => {
    const payment = await storeLeased(past, past);
    await expire();
    expect(await statusOf(payment)).toEqual({ status: 'UNCONFIRMED', failureReason: null });
  });

  it('was never sent when only an earlier attempt was dispatched', async () => {
    const payment = await storeLeased(past, null, { attempts: 2 });
    await expire();
    expect(await statusOf(payment)).toMatchObject({ failureReason: 'PROMPT_NOT_SENT' });
  });

  it('is told to its watchers', async () => {
    const payment = await storeLeased(past, past);
    await expire();
    expect(hints.at(-1)).toEqual([payment.id]);
  });

  it('is ended once', async () => {
    await storeLeased(past, past);
    await expire();
    expect(await expire()).toBe(0);
  });

  it('is left alone while its lease runs', async () => {
    const payment = await storeLeased(future, past);
    expect(await expire()).toBe(0);
    expect(await statusOf(payment)).toMatchObject({ status: 'REQUESTED' });
  });

  it('is ended at once when the only process of its database starts anew', async () => {
    const payment = await storeLeased(future, null);
    await abandonLeases(prisma);
    await expect.poll(expire).toBe(1);
    expect(await statusOf(payment)).toMatchObject({ status: 'FAILED' });
  });
});
