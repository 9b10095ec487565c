import { closeEnded } from '../access/connections/close-ended.ts';
import type { Daraja } from '../daraja/daraja.ts';
import { startCatchUp } from '../feed/catch-up.ts';
import { startRounds } from '../lib/rounds.ts';
import { createQueryBudget } from '../reconciliation/query-budget.ts';
import { startReconciler } from '../reconciliation/reconciler.ts';
import { startRetention } from '../retention/retention.ts';
import type { Access } from './access.ts';
import { startReplaying, type Arrivals } from './arrivals.ts';
import type { Foundation } from './foundation.ts';
import { budgetName } from './open-daraja.ts';

/** How late a watcher may be whose hint was lost. */
const catchUpPauseMs = 2_000;
/** How long what is open outlives its credential. */
const accessPauseMs = 2_000;
const reconcilerIdleMs = 1_000;

/** What goes on by itself as soon as the database answers. */
export function startBackground(
  foundation: Foundation,
  { daraja, arrivals, access }: { daraja: Daraja; arrivals: Arrivals; access: Access },
  background: AsyncDisposableStack,
): void {
  const { config, overrides, clock, logger, database, watchers, settling, metrics, trace } = foundation;
  const { prisma, sql } = database;
  background.use(startReplaying(foundation, arrivals));
  background.use(
    startReconciler({
      ...settling,
      clock,
      logger,
      daraja,
      trace,
      budget: createQueryBudget(prisma, budgetName(foundation), config.queriesPerMinute),
      ladderMs: config.ladderMs,
      idleMs: overrides.reconcilerIdleMs ?? reconcilerIdleMs,
    }),
  );
  const pauseMs = overrides.catchUpPauseMs ?? catchUpPauseMs;
  background.use(startCatchUp({ sql, watchers, logger, pauseMs, observe: metrics.feed.caughtUp }));
  background.use(startAccessRounds(foundation, access));
  background.use(startRetention({ prisma, clock, logger, bodyDays: config.callbackBodyDays }));
}

/** Each on its own: what hinders one must not hold up the other. */
function startAccessRounds(
  { clock, logger, database: { prisma } }: Foundation,
  { connections, keyUse }: Access,
): AsyncDisposable {
  const rounds = new AsyncDisposableStack();
  const deps = { logger, pauseMs: accessPauseMs };
  const sweep = {
    failing: 'what is open under ended keys cannot be closed; trying again',
    recovered: 'what is open under ended keys is closed again',
  };
  rounds.use(startRounds({ ...deps, saying: sweep }, () => closeEnded({ prisma, clock, connections })));
  const writing = {
    failing: 'the last use of keys cannot be written down; trying again',
    recovered: 'the last use of keys is written down again',
  };
  rounds.use(startRounds({ ...deps, saying: writing }, () => keyUse.write()));
  return rounds;
}
