import { beforeEach, describe, expect, it } from 'vitest';
import {
  askAgain,
  findUnaskable,
  giveBack,
  leaseNextPayment,
  untilNextQuestion,
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

  /** A budget whose next slot has come, and is one of the four for the watched, or the fifth. */
  async function readyBudget(isFifth: boolean) {
    const where = { name: 'test' };
    const slot = { nextSlotAt: ago(1), slotsTaken: isFifth ? 4 : 0 };
    await opened().prisma.queryBudget.upsert({ where, create: { ...where, ...slot }, update: slot });
    return { ...where, pauseMs: 1_000 };
  }

  const leaseDue = async (isFifth = false) => leaseNextPayment(opened().prisma, await readyBudget(isFifth));
  const lease = async (isFifth = false) => (await leaseDue(isFifth))?.id ?? null;

  async function leaseAll(): Promise<string[]> {
    const id = await lease();
    return id === null ? [] : [id, ...(await leaseAll())];
  }

  it('is leased with what is needed to ask about it', async () => {
    const plannedFor = ago(60);
    const id = await storeDue({ rung: 2, nextCheckAt: plannedFor }, { createdAt: ago(3_600) });
    const leased = await leaseDue();
    expect(leased).toMatchObject({
      id,
      rung: 2,
      plannedFor,
      isYoung: false,
    });
    expect(leased?.checkoutRequestId.reveal()).toBe(`ws_CO_${id}`);
  });

  it('is young for ten minutes, in which M-Pesa may not know it yet', async () => {
    await storeDue({}, { createdAt: ago(590) });
    expect(await leaseDue()).toMatchObject({ isYoung: true });
    await storeDue({}, { createdAt: ago(610) });
    expect(await leaseDue()).toMatchObject({ isYoung: false });
  });

  it('takes no slot where none is due', async () => {
    await storeDue({ nextCheckAt: ahead(60) });
    expect(await lease()).toBeNull();
    expect(await opened().prisma.queryBudget.findFirst({ where: { name: 'test' } })).toMatchObject({
      slotsTaken: 0n,
    });
  });

  it('is as it was when its question was not asked after all', async () => {
    const id = await storeDue({ looks: 3 });
    const due = await leaseDue();
    if (due === null) throw new Error('The payment was not due');
    await giveBack(opened().prisma, due);
    expect(await opened().prisma.openWork.findUnique({ where: { transactionId: id } })).toMatchObject({
      looks: 3,
      checkLeaseUntil: null,
      nextCheckAt: due.plannedFor,
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
    expect(await untilNextQuestion(opened().prisma, { name: 'test' })).toBeNull();
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
    const budget = (index: number) => ({ name: `of process ${String(index)}`, pauseMs: 1 });
    const leased = await Promise.all(
      Array.from({ length: 12 }, (_, index) => leaseNextPayment(opened().prisma, budget(index))),
    );
    expect(leased.flatMap((due) => (due === null ? [] : [due.id])).sort()).toEqual(ids.sort());
  });

  it('is asked again on its rung, after the pause, when there was no answer', async () => {
    const id = await storeDue({ rung: 2 });
    const due = await leaseDue();
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
