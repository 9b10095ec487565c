import type { PrismaClient } from '../database/database.ts';

export type QueryBudget = {
  /** Between two slots, in milliseconds. */
  pauseMs: number;
  /** Takes the next slot if its time has come, and says which share it belongs to; null when it has not. */
  takeSlot(): Promise<{ isForLongestWaiting: boolean } | null>;
  /** Daraja said that we ask too much: half the rate for 10 minutes. */
  slowDown(): Promise<void>;
};

/**
 * How often M-Pesa may be asked about payments, for the whole deployment: evenly spaced slots in one row, on the
 * database's clock, committed before the call is made. A slot that nobody takes is gone: there are no bursts.
 */
export function createQueryBudget(prisma: PrismaClient, name: string, perMinute: number): QueryBudget {
  const pauseMs = 60_000 / perMinute;
  return {
    pauseMs,
    async takeSlot() {
      const taken = await prisma.$queryRaw<{ slots_taken: bigint }[]>`
        insert into query_budgets as b (name, next_slot_at, slots_taken)
        values (${name}, now() + ${pauseMs}::float8 * interval '1 ms', 1)
        on conflict (name) do update set
          next_slot_at = now() + ${pauseMs}::float8 * case when b.halved_until > now() then 2 else 1 end * interval '1 ms',
          slots_taken = b.slots_taken + 1
        where b.next_slot_at <= now()
        returning b.slots_taken`;
      const slot = taken[0];
      return slot === undefined ? null : { isForLongestWaiting: slot.slots_taken % 5n === 0n };
    },
    async slowDown() {
      await prisma.$executeRaw`
        update query_budgets set halved_until = now() + interval '10 minutes' where name = ${name}`;
    },
  };
}
