import { within } from '../lib/within.ts';
import type { PrismaClient } from './database.ts';

/** A database that takes longer is as good as away, in milliseconds. */
const patienceMs = 2_000;
/** Questions that may wait for a database that hangs: each holds a connection. */
const unansweredMax = 3;

/**
 * Says within two seconds whether the database could be written to now: a standby, or a database whose disk is full,
 * may answer and be read-only. Whoever asks meanwhile shares the answer.
 */
export function createDatabaseCheck(prisma: PrismaClient): () => Promise<boolean> {
  let asking: Promise<boolean> | null = null;
  let unanswered = 0;

  async function ask(): Promise<boolean> {
    if (unanswered >= unansweredMax) return false;
    unanswered += 1;
    const answer = isWritable(prisma).finally(() => (unanswered -= 1));
    try {
      return await within(answer, patienceMs);
    } catch {
      return false;
    }
  }

  return () => (asking ??= ask().finally(() => (asking = null)));
}

async function isWritable(prisma: PrismaClient): Promise<boolean> {
  const rows = await prisma.$queryRaw<{ setting: string }[]>`
    select current_setting('transaction_read_only') as setting`;
  return rows[0]?.setting === 'off';
}
