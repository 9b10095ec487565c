import type { PrismaClient } from '../../database/database.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Viewer } from '../viewer.ts';
import type { Connection, Connections, Ending } from './connection.ts';

export type CloseEndedDeps = { prisma: PrismaClient; clock: Clock; connections: Connections };

/** How long a connection that is too old may go on answering, in milliseconds: longer than any one answer takes. */
const answersMsMax = 120_000;

/**
 * Closes what is open under a key that was revoked, in whatever process, or has expired, under a watch token that ran
 * out, or for too long. One statement, however many connections; while the database is away nobody is closed, because
 * nobody could come back.
 */
export async function closeEnded({ prisma, clock, connections }: CloseEndedDeps): Promise<void> {
  const now = clock.now();
  const asked = new Set<string>();
  for (const { viewer } of connections) if (isKey(viewer)) asked.add(viewer.keyId);
  if (asked.size === 0 && ![...connections].some((one) => endingByClock(one, now) !== null)) return;

  const active = await findActive(prisma, [...asked], now);
  // Those who have come meanwhile were let in by what is stored now.
  const hasEnded = (keyId: string): boolean => asked.has(keyId) && !active.has(keyId);
  for (const connection of connections) {
    const ending = endingByClock(connection, now) ?? keyEnding(connection, hasEnded);
    if (ending === null) continue;
    connections.delete(connection);
    connection.close(ending);
  }
}

/** By the clock alone. */
function endingByClock({ viewer, oldAtMs, answering }: Connection, now: Date): Ending | null {
  if (viewer.kind === 'watcher' && viewer.expiresAt <= now) return 'credential-ended';
  const oldForMs = now.getTime() - oldAtMs;
  return oldForMs >= (answering > 0 ? answersMsMax : 0) ? 'too-old' : null;
}

function keyEnding({ viewer }: Connection, hasEnded: (keyId: string) => boolean): Ending | null {
  return isKey(viewer) && hasEnded(viewer.keyId) ? 'credential-ended' : null;
}

function isKey(viewer: Viewer): viewer is Viewer & { kind: 'client'; keyId: string } {
  return viewer.kind === 'client' && viewer.keyId !== null;
}

async function findActive(
  prisma: PrismaClient,
  keyIds: readonly string[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    select id::text from api_keys
    where id = any(${keyIds}::uuid[]) and revoked_at is null and (expires_at is null or expires_at > ${now})`;
  return new Set(rows.map(({ id }) => id));
}
