import { describe, expect, it } from 'vitest';
import { findPage } from '../../src/transactions/find.ts';
import { storePayment, storePayments } from '../support/payments.ts';
import { postgresql } from '../support/test-database.ts';
import { findDeps } from '../support/find-deps.ts';

describe.skipIf(!postgresql.available)('payments that need attention', () => {
  it('are found without reading the others', async () => {
    await using database = await postgresql.open();
    const { prisma } = database;
    const find = () =>
      findPage(
        findDeps(database),
        { everyClient: true },
        { needsAttention: true },
        { take: 20, newestFirst: true, fromEnd: false },
      );
    const { id } = await storePayment(prisma, { attention: ['STILL_OPEN'] });
    await storePayments(
      prisma,
      Array.from({ length: 1_000 }, () => ({})),
    );
    await prisma.$executeRaw`analyze transactions`;
    expect((await find()).rows.map((row) => row.id)).toEqual([id]);
    const scans = async () => {
      await find();
      await prisma.$executeRaw`select pg_stat_force_next_flush()`;
      const [index] = await prisma.$queryRaw<{ scans: number }[]>`
        select idx_scan::int as scans from pg_stat_user_indexes where indexrelname = 'transactions_attention_idx'`;
      return index?.scans ?? 0;
    };
    await expect.poll(scans, { timeout: 20_000 }).toBeGreaterThan(0);
  }, 60_000);
});
