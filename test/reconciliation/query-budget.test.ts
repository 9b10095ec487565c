import { beforeAll, beforeEach, expect, it } from 'vitest';
import { leaseNextPayment, untilNextQuestion } from '../../src/reconciliation/due-payments.ts';
import { createQueryBudget, type QueryBudget } from '../../src/reconciliation/query-budget.ts';
import { storePayments } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';

let names = 0;

onEachDatabase('the budget of queries', (opened) => {
  let name: string;
  let budget: QueryBudget;
  beforeAll(async () => {
    await storePayments(
      opened().prisma,
      Array.from({ length: 50 }, () => ({})),
    );
  });
  beforeEach(async () => {
    names += 1;
    name = `budget-${String(names)}`;
    budget = createQueryBudget(opened().prisma, name, 6);
    const nextCheckAt = new Date('2026-01-01T00:00:00Z');
    await opened().prisma.openWork.updateMany({ data: { nextCheckAt, checkLeaseUntil: null, looks: 0 } });
  });

  /** As if this time had gone by: slots come on the database's clock, which no test can turn. */
  async function letPass(seconds: number) {
    await opened().prisma.$executeRaw`
      update query_budgets set next_slot_at = next_slot_at - ${seconds}::int * interval '1 s',
        halved_until = halved_until - ${seconds}::int * interval '1 s' where name = ${name}`;
  }

  const take = async (from = budget) => (await leaseNextPayment(opened().prisma, from)) !== null;
  const slotsTaken = async () =>
    (await opened().prisma.queryBudget.findUnique({ where: { name } }))?.slotsTaken ?? 0n;

  it('gives one slot, and the next a tenth later than the limit asks for', async () => {
    expect([await take(), await take()]).toEqual([true, false]);
    await letPass(10);
    expect(await take()).toBe(false);
    await letPass(1);
    expect(await take()).toBe(true);
  });

  it('says how long the next slot is away', async () => {
    expect(await untilNextQuestion(opened().prisma, budget)).toBe(0);
    await take();
    const waitMs = (await untilNextQuestion(opened().prisma, budget)) ?? 0;
    expect(waitMs).toBeGreaterThan(1_000);
    expect(waitMs).toBeLessThanOrEqual(11_000);
    await letPass(11);
    expect(await untilNextQuestion(opened().prisma, budget)).toBe(0);
  });

  it('saves nothing up: after an hour there is one slot', async () => {
    await take();
    await letPass(3_600);
    expect([await take(), await take()]).toEqual([true, false]);
  });

  it('gives a slot to one of many who want it at once', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => take()));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await slotsTaken()).toBe(1n);
  });

  it('is one for all who have its name, and apart from any other', async () => {
    const other = createQueryBudget(opened().prisma, `${name}-other`, 6);
    const same = createQueryBudget(opened().prisma, name, 6);
    await take();
    expect(await take(same)).toBe(false);
    expect(await take(other)).toBe(true);
  });

  it('is not stopped, and gives no more than one slot at once, when the clock is set back', async () => {
    await take();
    await letPass(-86_400);
    expect(await untilNextQuestion(opened().prisma, budget)).toBe(0);
    expect([await take(), await take()]).toEqual([true, false]);
  });

  it('is halved for ten minutes, from the next slot on, when M-Pesa says that it is too much', async () => {
    await take();
    await budget.slowDown();
    for (const _slot of ['the next', 'the one after it']) {
      await letPass(21);
      expect(await take()).toBe(false);
      await letPass(1);
      expect(await take()).toBe(true);
    }
  });

  it('is whole again after the ten minutes', async () => {
    await take();
    await budget.slowDown();
    await letPass(600);
    await take();
    await letPass(11);
    expect(await take()).toBe(true);
  });
});
