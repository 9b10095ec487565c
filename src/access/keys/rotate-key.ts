import type { Scope } from '../scopes.ts';
import type { KeyAsker, KeyDeps } from './create-key.ts';
import { issueKey, type IssuedKey } from './issue-key.ts';
import type { KeyRefusal } from './key-refusal.ts';
import { paymentsOfOthers, scopesNotHeld } from './key-rules.ts';
import { isActive, keyColumns, type StoredKey } from './stored-key.ts';

type Refusal = KeyRefusal<'id' | 'overlapSeconds'>;

export type Rotation =
  { issued: IssuedKey; predecessor: StoredKey } | { refusal: Refusal; stored: StoredKey | null };

/** In seconds: long enough for a client that is set up by hand. */
export const overlapSecondsMax = 30 * 24 * 60 * 60;

/**
 * Gives a key a successor of the same client, name and scopes, which is to live as long as the key was to live when it
 * was made. The key itself goes on for the overlap and not beyond. A key has one successor: of two that rotate it at
 * once, the second is refused.
 */
export async function rotateKey(
  deps: KeyDeps,
  asker: KeyAsker,
  { id, overlapSeconds }: { id: string; overlapSeconds: number },
): Promise<Rotation> {
  return deps.prisma.$transaction(async (tx) => {
    await tx.$queryRaw`select id::text from api_keys where id = ${id}::uuid for update`;
    const stored = await tx.apiKey.findUnique({
      where: { id },
      select: { ...keyColumns, clientId: true },
    });
    const now = deps.clock.now();
    const foreign = stored && paymentsOfOthers(stored.scopes, stored.clientId, asker);
    const refusal: Refusal | null =
      refusalOf(stored, { held: asker.scopes, overlapSeconds, now }) ??
      (foreign && { ...foreign, field: 'id' });
    if (stored === null || refusal !== null) return { refusal: refusal ?? notFound, stored };

    const { clientId, name, scopes } = stored;
    const issued = await issueKey(tx, deps, { clientId, name, scopes, expiresAt: sameLife(stored, now) });
    const predecessor = await tx.apiKey.update({
      where: { id },
      data: { successorId: issued.stored.id, expiresAt: endOfOverlap(stored, now, overlapSeconds) },
      select: keyColumns,
    });
    return { issued, predecessor };
  });
}

const notFound: Refusal = { code: 'NOT_FOUND', message: 'There is no such key.', field: 'id' };

function refusalOf(
  stored: StoredKey | null,
  { held, overlapSeconds, now }: { held: ReadonlySet<Scope>; overlapSeconds: number; now: Date },
): Refusal | null {
  if (stored === null) return notFound;
  if (overlapSeconds < 0 || overlapSeconds > overlapSecondsMax) {
    const message = `\`overlapSeconds\` must be from 0 to ${String(overlapSecondsMax)}.`;
    return { code: 'INVALID_OVERLAP', message, field: 'overlapSeconds' };
  }
  if (stored.successorId !== null) {
    return { code: 'KEY_NOT_ACTIVE', message: 'It has a successor already: rotate that one.', field: 'id' };
  }
  if (!isActive(stored, now)) {
    const message = 'It is revoked or expired, and has nothing to hand on: create another.';
    return { code: 'KEY_NOT_ACTIVE', message, field: 'id' };
  }
  const missing = scopesNotHeld(stored.scopes, held);
  return missing && { ...missing, field: 'id' };
}

function sameLife({ createdAt, expiresAt }: StoredKey, now: Date): Date | null {
  return expiresAt && new Date(now.getTime() + expiresAt.getTime() - createdAt.getTime());
}

/** No later than it would have ended anyway. */
function endOfOverlap({ expiresAt }: StoredKey, now: Date, overlapSeconds: number): Date {
  const end = now.getTime() + overlapSeconds * 1000;
  return new Date(Math.min(end, expiresAt?.getTime() ?? end));
}
