import type { RunSql } from './run-sql.ts';
import { seedTransactions } from './seed-payments.ts';

const part = 100_000;

/** So many payments that were paid, from number 0 on, with a word after each part. */
export async function seedInParts(run: RunSql, count: number, tell: (text: string) => void): Promise<void> {
  for (let from = 0; from < count; from += part) {
    await seedTransactions(run, { from, count: Math.min(part, count - from) });
    tell(`made ${Math.min(from + part, count)} of ${count} payments`);
  }
  await run('vacuum analyze');
}
