import type { PrismaClient } from '../../database/database.ts';
import type { Clock } from '../../lib/clock.ts';

/** Between two notes of one key's use, in milliseconds. */
const noteEveryMs = 60_000;

export type UsedKey = { id: string; lastUsedAt: Date | null };

/** When keys were last used: noted in memory by requests, which wait for nothing, and written down by rounds. */
export type KeyUse = {
  note(key: UsedKey): void;
  /** One statement for all keys that were used since, and none if no note is due. */
  write(): Promise<void>;
};

export function createKeyUse({ prisma, clock }: { prisma: PrismaClient; clock: Clock }): KeyUse {
  /** Key → when it was used; as many as there are keys, at most. */
  const unwritten = new Map<string, Date>();
  return {
    note({ id, lastUsedAt }) {
      const now = clock.now();
      const isDue = lastUsedAt === null || now.getTime() - lastUsedAt.getTime() >= noteEveryMs;
      if (isDue) unwritten.set(id, now);
    },
    async write() {
      if (unwritten.size === 0) return;
      const notes = [...unwritten];
      const ids = notes.map(([id]) => id);
      const times = notes.map(([, at]) => at.toISOString());
      await prisma.$executeRaw`
        update api_keys k set last_used_at = used.at
        from unnest(${ids}::uuid[], ${times}::timestamptz[]) used(id, at)
        where k.id = used.id
          -- Another process may have written since.
          and (k.last_used_at is null or k.last_used_at <= used.at - ${noteEveryMs}::int * interval '1 ms')`;
      // A key that was used again meanwhile keeps that note for the next round.
      for (const [id, at] of notes) if (unwritten.get(id) === at) unwritten.delete(id);
    },
  };
}
