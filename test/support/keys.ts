import { randomBytes, randomUUID } from 'node:crypto';
import { hashOfKey } from '../../src/access/keys/hash-of-key.ts';
import type { Scope } from '../../src/access/scopes.ts';
import type { PrismaClient } from '../../src/database/database.ts';
import { newId } from '../../src/lib/ids.ts';
import { recordSecrets } from './log-record.ts';

export type IssuedKey = { key: string; clientId: string };

/** A key as an operator would give it out, to a client of its own unless `clientId` says whose. */
export async function issueKey(
  prisma: PrismaClient,
  scopes: readonly Scope[],
  {
    clientId,
    expiresAt,
    revokedAt,
  }: { clientId?: string; expiresAt?: Date | null; revokedAt?: Date | null } = {},
): Promise<IssuedKey> {
  const key = `mlp_test_${randomBytes(24).toString('base64url')}`;
  recordSecrets([key]);
  const owner = clientId ?? randomUUID();
  await prisma.client.createMany({ data: [{ id: owner, name: `test ${owner}` }], skipDuplicates: true });
  await prisma.apiKey.create({
    data: {
      id: newId(new Date()),
      clientId: owner,
      name: 'a test',
      keyHash: hashOfKey(key),
      scopes: [...scopes],
      expiresAt: expiresAt ?? null,
      revokedAt: revokedAt ?? null,
    },
  });
  return { key, clientId: owner };
}
