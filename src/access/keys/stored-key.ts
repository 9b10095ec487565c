import type { Prisma } from '../../database/generated/prisma/client.ts';

/** A key as it is shown: all of it but the key. */
export const keyColumns = {
  id: true,
  name: true,
  hint: true,
  scopes: true,
  createdAt: true,
  expiresAt: true,
  lastUsedAt: true,
  revokedAt: true,
  successorId: true,
  client: { select: { id: true, name: true } },
} satisfies Prisma.ApiKeySelect;

export type StoredKey = Prisma.ApiKeyGetPayload<{ select: typeof keyColumns }>;

/** Whether the key opens anything. */
export function isActive(
  { revokedAt, expiresAt }: Pick<StoredKey, 'revokedAt' | 'expiresAt'>,
  now: Date,
): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}
