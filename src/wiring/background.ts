import type { Daraja } from '../daraja/daraja.ts';
import { startCatchUp } from '../feed/catch-up.ts';
import { createQueryBudget } from '../reconciliation/query-budget.ts';
import { startReconciler } from '../reconciliation/reconciler.ts';
import { startRetention } from '../retention/retention.ts';
import { startReplaying, type Arrivals } from './arrivals.ts';
import type { Foundation } from './foundation.ts';
import { budgetName } from './open-daraja.ts';

/** How late a watcher may be whose hint was lost. */
const catchUpPauseMs = 2_000;
const reconcilerIdleMs = 1_000;

/** What goes on by itself as soon as the database answers. */
export function startBackground(
  foundation: Foundation,
  { daraja, arrivals }: { daraja: Daraja; arrivals: Arrivals },
  background: AsyncDisposableStack,
): void {
  const { config, overrides, clock, logger, database, watchers, settling, metrics, trace } = foundation;
  const { prisma } = database;
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
  background.use(startCatchUp({ prisma, watchers, logger, pauseMs, observe: metrics.feed.caughtUp }));
  background.use(startRetention({ prisma, clock, logger, bodyDays: config.callbackBodyDays }));
}
