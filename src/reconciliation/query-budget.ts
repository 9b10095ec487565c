import type { PrismaClient } from '../database/database.ts';

export type QueryBudget = {
  /** The row that all processes of the deployment share. */
  name: string;
  /** Between two slots, in milliseconds. */
  pauseMs: number;
  /** Daraja said that we ask too much: half the rate for 10 minutes, from the next slot on. */
  slowDown(): Promise<void>;
};

/**
 * Slots lie this much further apart than the limit asks for. What delays one query on its way and not a later one brings
 * the two closer together at Daraja's side: with this, 6 s of it are still no query too many in any minute.
 */
const marginShare = 0.1;

/**
 * How often M-Pesa may be asked about payments, for the whole deployment: evenly spaced slots in one row, on the
 * database's clock. A slot that nobody takes is gone: there are no bursts. `leaseNextPayment` takes them.
 */
export function createQueryBudget(prisma: PrismaClient, name: string, perMinute: number): QueryBudget {
  const pauseMs = (60_000 / perMinute) * (1 + marginShare);
  return {
    name,
    pauseMs,
    async slowDown() {
      await prisma.$executeRaw`
        update query_budgets set halved_until = clock_timestamp() + interval '10 minutes',
          next_slot_at = greatest(next_slot_at, clock_timestamp() + 2 * ${pauseMs}::float8 * interval '1 ms')
        where name = ${name}`;
    },
  };
}
