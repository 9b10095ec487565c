import type { PrismaClient } from '../../database/database.ts';
import type { Clock } from '../../lib/clock.ts';
import { keyColumns, type StoredKey } from './stored-key.ts';

/**
 * From now on the key opens nothing, and what is open under it is closed within seconds. One that is revoked already stays
 * as it is. Null: there is no such key.
 */
export async function revokeKey(
  { prisma, clock }: { prisma: PrismaClient; clock: Clock },
  id: string,
): Promise<StoredKey | null> {
  await prisma.apiKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: clock.now() } });
  return prisma.apiKey.findUnique({ where: { id }, select: keyColumns });
}
