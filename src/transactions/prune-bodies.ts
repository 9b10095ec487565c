import type { PrismaClient } from '../database/database.ts';
import { lowestIdAt } from '../lib/ids.ts';

/** Few enough that no settlement waits for long, many enough to keep up with any day. */
const batchSize = 500;

/** Sorts before every id. */
export const firstId = '00000000-0000-0000-0000-000000000000';

/**
 * Removes the raw bodies of one batch of evidence that came before `before`, the oldest after the id `after` first.
 * What was said, its verdict and the body's hash stay. Evidence that still waits for its payment stops waiting: without
 * its body it could not be told again. Answers with the last id that was looked at, or null when there is no more.
 */
export async function pruneBodies(prisma: PrismaClient, after: string, before: Date): Promise<string | null> {
  const looked = await prisma.$queryRaw<{ id: string }[]>`
    with batch as (
      select id from evidence where id > ${after}::uuid and id < ${lowestIdAt(before)}::uuid
      order by id limit ${batchSize}),
    pruned as (
      update evidence e set body = null from batch where e.id = batch.id and e.body is not null),
    forgotten as (
      delete from unmatched_evidence u using batch where u.evidence_id = batch.id)
    select id::text from batch order by id desc limit 1`;
  return looked[0]?.id ?? null;
}
