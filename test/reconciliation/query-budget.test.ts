import { beforeEach, expect, it } from 'vitest';
import { createQueryBudget, type QueryBudget } from '../../src/reconciliation/query-budget.ts';
import { onEachDatabase } from '../support/test-database.ts';

let names = 0;

onEachDatabase('the budget of queries', (opened) => {
  let name: string;
  let budget: QueryBudget;
  beforeEach(() => {
    names += 1;
    name = `budget-${String(names)}`;
    budget = createQueryBudget(opened().prisma, name, 6);
  });

  /** As if this time had gone by: slots come on the database's clock, which no test can turn. */
  async function letPass(seconds: number) {
    await opened().prisma.$executeRaw`
      update query_budgets set next_slot_at = next_slot_at - ${seconds}::int * interval '1 s',
        halved_until = halved_until - ${seconds}::int * interval '1 s' where name = ${name}`;
  }

  const take = async () => (await budget.takeSlot()) !== null;

  it('gives one slot, and the next when its time has come', async () => {
    expect([await take(), await take()]).toEqual([true, false]);
    await letPass(9);
    expect(await take()).toBe(false);
    await letPass(1);
    expect(await take()).toBe(true);
  });

  it('saves nothing up: after an hour there is one slot', async () => {
    await take();
    await letPass(3_600);
    expect([await take(), await take()]).toEqual([true, false]);
  });

  it('gives a slot to one of many who want it at once', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, take));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it('is one for all who have its name, and apart from any other', async () => {
    const other = createQueryBudget(opened().prisma, `${name}-other`, 6);
    const same = createQueryBudget(opened().prisma, name, 6);
    await take();
    expect(await same.takeSlot()).toBeNull();
    expect(await other.takeSlot()).not.toBeNull();
  });

  it('gives every fifth slot to whoever waits longest', async () => {
    const shares: (boolean | undefined)[] = [];
    for (let slot = 0; slot < 10; slot += 1) {
      shares.push((await budget.takeSlot())?.isForLongestWaiting);
      await letPass(10);
    }
    expect(shares).toEqual([false, false, false, false, true, false, false, false, false, true]);
  });

  it('is halved for ten minutes when M-Pesa says that it is too much', async () => {
    await take();
    await budget.slowDown();
    await letPass(10);
    expect(await take()).toBe(true);
    await letPass(10);
    expect(await take()).toBe(false);
    await letPass(10);
    expect(await take()).toBe(true);
  });

  it('is whole again after the ten minutes', async () => {
    await take();
    await budget.slowDown();
    await letPass(600);
    await take();
    await letPass(10);
    expect(await take()).toBe(true);
  });
});
