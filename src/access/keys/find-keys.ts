import type { PrismaClient } from '../../database/database.ts';
import type { Prisma } from '../../database/generated/prisma/client.ts';
import type { Clock } from '../../lib/clock.ts';
import { isStorable } from '../../lib/storable-text.ts';
import { keyColumns, type StoredKey } from './stored-key.ts';

export type KeyFilter = { clientName?: string | null | undefined; isActive?: boolean | null | undefined };

export type KeyPage = { rows: StoredKey[]; hasMore: boolean; hasEarlier: boolean };

/** Keys from the newest to the oldest, by id alone: `after` need not exist any longer. */
export async function findKeyPage(
  { prisma, clock }: { prisma: PrismaClient; clock: Clock },
  filter: KeyFilter,
  { take, after }: { take: number; after: string | undefined },
): Promise<KeyPage> {
  const matching = whereOf(filter, clock.now());
  // One more than asked for, to know whether the list goes on.
  const rows = await prisma.apiKey.findMany({
    where: { AND: [matching, after ? { id: { lt: after } } : {}] },
    orderBy: { id: 'desc' },
    take: take + 1,
    select: keyColumns,
  });
  const earlier =
    after &&
    (await prisma.apiKey.findFirst({
      where: { AND: [matching, { id: { gte: after } }] },
      select: { id: true },
    }));
  return { rows: rows.slice(0, take), hasMore: rows.length > take, hasEarlier: Boolean(earlier) };
}

export async function findKeys(prisma: PrismaClient, ids: readonly string[]): Promise<StoredKey[]> {
  return prisma.apiKey.findMany({ where: { id: { in: [...ids] } }, select: keyColumns });
}

function whereOf({ clientName, isActive }: KeyFilter, now: Date): Prisma.ApiKeyWhereInput {
  const active = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
  return {
    AND: [
      typeof clientName === 'string' ? named(clientName.trim()) : {},
      typeof isActive === 'boolean' ? (isActive ? active : { NOT: active }) : {},
    ],
  };
}

function named(name: string): Prisma.ApiKeyWhereInput {
  return isStorable(name) ? { client: { name } } : { id: { in: [] } };
}
