import type { Environment } from '../../config/environment.ts';
import type { PrismaClient } from '../../database/database.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import { Masked } from '../../lib/masked.ts';
import { hashOfKey } from './hash-of-key.ts';
import { hintOf, newKey } from './new-key.ts';
import { keyColumns, type StoredKey } from './stored-key.ts';

export type IssuedKey = { key: Masked; stored: StoredKey };

type Issue = { clientId: string; name: string; scopes: string[]; expiresAt: Date | null };

/** Makes a key and stores what is needed to know it again. */
export async function issueKey(
  prisma: Pick<PrismaClient, 'apiKey'>,
  { clock, environment }: { clock: Clock; environment: Environment },
  issue: Issue,
): Promise<IssuedKey> {
  const now = clock.now();
  const key = newKey(environment);
  const stored = await prisma.apiKey.create({
    data: {
      ...issue,
      id: newId(now),
      hint: hintOf(environment, key),
      keyHash: hashOfKey(key),
      createdAt: now,
    },
    select: keyColumns,
  });
  return { key: new Masked(key, '[key]'), stored };
}
