import { globSync, statSync } from 'node:fs';
import { Client } from 'pg';
import { sleep } from '../../../lib/sleep.ts';
import type { Sources } from './gather.ts';

export type RestOptions = { say: (text: string) => void; abort: AbortSignal };

/** Longer than any lease, and than the ladder takes to ask twice. */
const patienceMs = 150_000;
const lookEveryMs = 1_000;
/** Nothing may happen for so long before it counts as rest. */
const quietMs = 4_000;

/**
 * Waits until nothing is under way any longer: no post, no spooled callback, no payment that M-Pesa can be asked about, no watcher who is
 * behind. Gives up after a while, and leaves it to the proof to say what that means.
 */
export async function comeToRest(sources: Sources, { say, abort }: RestOptions): Promise<boolean> {
  const giveUpAt = performance.now() + patienceMs;
  let before = '';
  let quietSince = performance.now();
  while (performance.now() < giveUpAt) {
    abort.throwIfAborted();
    const open = await countOpen(sources.databaseUrl).catch(() => null);
    const { balancer, watchers } = sources;
    const told = watchers.all.reduce((sum, { seen }) => sum + seen.length, 0);
    const spooled = countSpooled(sources.dataDir);
    const now = `${open ?? '?'} open, ${spooled} files spooled, ${balancer.posts.length} posts, ${told} changes told, ${watchers.watching} watching`;
    if (now !== before || open !== 0 || spooled > 0 || !balancer.isIdle) quietSince = performance.now();
    if (performance.now() - quietSince >= quietMs) return true;
    if (now !== before) say(`coming to rest: ${now}`);
    before = now;
    await sleep(lookEveryMs, abort);
  }
  return false;
}

/** Files of callbacks that wait for the database: a process that died leaves its own to the others. */
function countSpooled(dataDir: string): number {
  const files = globSync(`${dataDir}/spool/*.records`);
  return files.filter((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0).length;
}

/** Of the payments that are open, those that can still end by themselves. */
async function countOpen(databaseUrl: string): Promise<number> {
  const client = new Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 1_000,
    query_timeout: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from transactions
       where status in ('REQUESTED', 'AWAITING_PAYER', 'UNCONFIRMED')
         and (checkout_request_id is not null or status = 'REQUESTED')
         -- Nobody ever learns what became of this one.
         and phone_number <> '254700000029'`,
    );
    return rows[0]?.count ?? 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}
