import type { TransactionStatus } from '../database/generated/prisma/enums.ts';
import { arrayLiteral } from '../database/array-literal.ts';
import { Fragment, type Sql } from '../database/sql.ts';
import type { Logger } from '../lib/logger.ts';
import { startRounds } from '../lib/rounds.ts';
import { isFinal, openStatuses } from '../transactions/decide/status.ts';
import type { Watchers } from './watchers.ts';

export type CatchUpDeps = {
  sql: Sql;
  watchers: Watchers;
  logger: Logger;
  /** How late a watcher may be whose hint was lost, in milliseconds. */
  pauseMs: number;
  /** Counts rounds: how long one took, and how many payments had changed without a word. Must not throw. */
  observe?: (ms: number, found: number) => void;
};

/** How long a payment counts as watched after it was last seen to be, in seconds; renewed well before. */
const watchedSeconds = 60;

/**
 * Looks every `pauseMs`, in one statement for all watchers of this process, for changes that nobody told them about, and
 * marks their payments as watched, so that reconciliation in any process asks about them first.
 */
export function startCatchUp(deps: CatchUpDeps): AsyncDisposable {
  const saying = {
    failing: 'watchers cannot be brought up to date; trying again',
    recovered: 'watchers are brought up to date again',
  };
  return startRounds({ ...deps, saying }, () => catchUp(deps));
}

/** Text of our own. A watcher of a payment that is final has yet to hear it, or waits for what will not come. */
const open = new Fragment(openStatuses.map((status) => `'${status}'`).join(', '));

async function catchUp({ sql, watchers, observe }: CatchUpDeps): Promise<void> {
  const { ids, sequences } = watchers.known();
  if (ids.length === 0) return;
  const startedAt = performance.now();
  const watched = arrayLiteral(ids);
  // What watchers know goes there, and only what they do not know comes back.
  const latest = await sql<{ id: string; sequence: number; status: TransactionStatus }>`
    with marked as (
      update open_work set watched_until = now() + ${watchedSeconds}::int * interval '1 s'
      where transaction_id in (
        select transaction_id from open_work
        where transaction_id = any(${watched}::uuid[])
          and (watched_until is null or watched_until < now() + ${watchedSeconds}::int * interval '0.5 s')
        -- Never waits for a settlement, which would have to wait for it in turn.
        for update skip locked))
    select t.id::text, t.sequence, t.status
    from unnest(${watched}::uuid[], ${arrayLiteral(sequences)}::int[]) as known (id, sequence)
    join transactions t on t.id = known.id
    where t.sequence > known.sequence or t.status not in (${open})`;
  const found = watchers.wakeBehind(
    latest.map((payment) => ({ ...payment, isFinal: isFinal(payment.status) })),
  );
  observe?.(performance.now() - startedAt, found);
}
