import { beforeEach, describe, expect, it } from 'vitest';
import {
  askAgain,
  findUnaskable,
  isAnythingDue,
  leaseDuePayment,
} from '../../src/reconciliation/due-payments.ts';
import type { OpenWorkUncheckedUpdateManyInput } from '../../src/database/generated/prisma/models/OpenWork.ts';
import { storePayment, type PaymentColumns } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);
const ahead = (seconds: number) => ago(-seconds);

onEachDatabase('a payment that is due', (opened) => {
  beforeEach(async () => {
    await opened().prisma.openWork.deleteMany();
  });

  async function storeDue(
    work: OpenWorkUncheckedUpdateManyInput = {},
    columns: PaymentColumns = {},
  ): Promise<string> {
    const { id } = await storePayment(opened().prisma, columns);
    const where = { transactionId: id };
    await opened().prisma.openWork.updateMany({ where, data: { nextCheckAt: ago(60), ...work } });
    return id;
  }

  const lease = async (isForLongestWaiting = false) =>
    (await leaseDuePayment(opened().prisma, isForLongestWaiting))?.id ?? null;

  async function leaseAll(): Promise<string[]> {
    const id = await lease();
    return id === null ? [] : [id, ...(await leaseAll())];
  }

  it('is leased with what is needed to ask about it', async () => {
    const plannedFor = ago(60);
    const id = await storeDue({ rung: 2, nextCheckAt: plannedFor });
    expect(await leaseDuePayment(opened().prisma, false)).toEqual({
      id,
      checkoutRequestId: `ws_CO_${id}`,
      rung: 2,
      plannedFor,
    });
  });

  it('is leased once', async () => {
    const id = await storeDue();
    expect([await lease(), await lease()]).toEqual([id, null]);
  });

  it('is leased again when its lease has run out', async () => {
    const id = await storeDue({ checkLeaseUntil: ago(1) });
    expect(await lease()).toBe(id);
  });

  it('counts as looked at', async () => {
    await storeDue({ looks: 3 });
    await lease();
    expect(await opened().prisma.openWork.findFirst({ select: { looks: true } })).toEqual({ looks: 4 });
  });

  it.each<[string, OpenWorkUncheckedUpdateManyInput, PaymentColumns]>([
    ['its time has not come', { nextCheckAt: ahead(60) }, {}],
    ['it has no time', { nextCheckAt: null }, {}],
    ['M-Pesa gave no id to ask by', {}, { checkoutRequestId: null }],
    ['another process is asking', { checkLeaseUntil: ahead(60) }, {}],
  ])('is not when %s', async (_, work, columns) => {
    await storeDue(work, columns);
    expect(await isAnythingDue(opened().prisma)).toBe(false);
    expect(await lease()).toBeNull();
  });

  it('comes first when it is watched', async () => {
    const waiting = await storeDue({ nextCheckAt: ago(600) });
    const watched = await storeDue({ watchedUntil: ahead(60), looks: 9 });
    const watchedBefore = await storeDue({ watchedUntil: ago(60), nextCheckAt: ago(500) });
    expect(await leaseAll()).toEqual([watched, waiting, watchedBefore]);
  });

  it('comes before those that were looked at more often', async () => {
    const often = await storeDue({ looks: 5, nextCheckAt: ago(600) });
    const seldom = await storeDue({ looks: 1 });
    expect(await leaseAll()).toEqual([seldom, often]);
  });

  it('comes before those that are due later, all else being equal', async () => {
    const late = await storeDue({ nextCheckAt: ago(10) });
    const early = await storeDue({ nextCheckAt: ago(20) });
    expect(await leaseAll()).toEqual([early, late]);
  });

  it('has the fifth slot when it waits longest, whoever is watched', async () => {
    await storeDue({ watchedUntil: ahead(60) });
    const longest = await storeDue({ nextCheckAt: ago(600), looks: 9 });
    expect(await lease(true)).toBe(longest);
  });

  it('is leased by one of many processes', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => storeDue()));
    const leased = await Promise.all(Array.from({ length: 12 }, () => lease()));
    expect(leased.filter((id) => id !== null).sort()).toEqual(ids.sort());
  });

  it('is asked again on its rung, after the pause, when there was no answer', async () => {
    const id = await storeDue({ rung: 2 });
    const due = await leaseDuePayment(opened().prisma, false);
    if (due?.id !== id) throw new Error('The payment was not due');
    await askAgain(opened().prisma, due, 60_000);
    const select = { rung: true, checkLeaseUntil: true, nextCheckAt: true };
    const work = await opened().prisma.openWork.findFirst({ select });
    expect(work).toMatchObject({ rung: 2, checkLeaseUntil: null });
    expect(Math.abs((work?.nextCheckAt?.getTime() ?? 0) - Date.now() - 60_000)).toBeLessThan(5_000);
  });

  describe('about which M-Pesa cannot be asked', () => {
    it('is found', async () => {
      const plannedFor = ago(60);
      const id = await storeDue({ rung: 1, nextCheckAt: plannedFor }, { checkoutRequestId: null });
      expect(await findUnaskable(opened().prisma)).toEqual([{ id, rung: 1, plannedFor }]);
    });

    it('is left to the process that is pushing it', async () => {
      await storeDue({ leaseHolder: 'me' }, { checkoutRequestId: null });
      expect(await findUnaskable(opened().prisma)).toEqual([]);
    });
  });
});
