import { expect, it } from 'vitest';
import { hasten } from '../../src/transactions/hasten.ts';
import { storePayment, type StoredPayment } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';

onEachDatabase('a post that proves nothing', (opened) => {
  const tomorrow = new Date(Date.now() + 86_400_000);

  async function storeWaiting(): Promise<StoredPayment> {
    const payment = await storePayment(opened().prisma);
    await planFor(payment, tomorrow);
    return payment;
  }

  const planFor = ({ id }: StoredPayment, nextCheckAt: Date) =>
    opened().prisma.openWork.updateMany({ where: { transactionId: id }, data: { nextCheckAt } });

  async function isDue({ id }: StoredPayment): Promise<boolean> {
    const { nextCheckAt } = await opened().prisma.openWork.findUniqueOrThrow({
      where: { transactionId: id },
    });
    return nextCheckAt !== null && nextCheckAt < tomorrow;
  }

  it('brings the next look at the payment that it names forward', async () => {
    const [named, other] = [await storeWaiting(), await storeWaiting()];
    await hasten(opened(), named.checkoutRequestId ?? '');
    expect([await isDue(named), await isDue(other)]).toEqual([true, false]);
  });

  it('does so once for each payment, so that it is no way to spend the budget of queries', async () => {
    const payment = await storeWaiting();
    await hasten(opened(), payment.checkoutRequestId ?? '');
    await planFor(payment, tomorrow);
    await hasten(opened(), payment.checkoutRequestId ?? '');
    expect(await isDue(payment)).toBe(false);
  });

  it('does not bring back a payment that is settled', async () => {
    const payment = await storeWaiting();
    await opened().prisma.openWork.deleteMany({ where: { transactionId: payment.id } });
    await hasten(opened(), payment.checkoutRequestId ?? '');
    expect(await opened().prisma.openWork.count({ where: { transactionId: payment.id } })).toBe(0);
  });
});
