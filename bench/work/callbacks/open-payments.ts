import { openDatabase } from '../../../src/database/open-database.ts';
import type { OwnDatabase } from '../../support/own-database.ts';
import { seedClient } from '../../support/seed/seed-client.ts';
import { seedOpenPayments } from '../../support/seed/seed-payments.ts';
import { keptQuery, type Kept } from './prove-nothing-lost.ts';

/** Payments that wait for a callback, numbered from 0. */
export type OpenPayments = {
  /** Makes them up to this number, if it can; answers how many there are. */
  reach(count: number): Promise<number>;
};

/** As many as are asked for, made while the server does nothing else. */
export function openPaymentsIn({ run }: OwnDatabase): OpenPayments {
  let made = 0;
  return {
    async reach(count) {
      const from = made;
      made = Math.max(from, count);
      if (made > from) {
        await seedOpenPayments(run, { from, count: made - from });
        await run('vacuum analyze transactions, attempts, transaction_events, open_work, evidence, receipts');
      }
      // Each stint begins as far from the next checkpoint as every other.
      await run('checkpoint');
      return made;
    },
  };
}

/** Its database has one owner: all payments are made before the server starts. */
export async function makeEmbedded(dataDir: string, count: number): Promise<OpenPayments> {
  await using database = await openDatabase({ kind: 'embedded', dataDir });
  await database.migrate();
  const run = (text: string) => database.prisma.$executeRawUnsafe(text);
  await seedClient(run);
  await seedOpenPayments(run, { from: 0, count });
  await run('analyze');
  return { reach: async () => count };
}

/** What the embedded database keeps, once its server has stopped. */
export async function readEmbedded(dataDir: string): Promise<Kept | undefined> {
  await using database = await openDatabase({ kind: 'embedded', dataDir });
  const [kept] = await database.prisma.$queryRawUnsafe<Kept[]>(keptQuery);
  return kept;
}
