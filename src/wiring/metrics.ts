import type { Metrics } from '../metrics/metrics.ts';
import { createPaymentStanding } from '../metrics/payment-standing.ts';
import type { Arrivals } from './arrivals.ts';
import type { Foundation } from './foundation.ts';
import { budgetName } from './open-daraja.ts';

/** Shows how things stand beside what is counted. */
export function openMetrics(foundation: Foundation, { inbox }: Arrivals): Metrics {
  const { config, lifecycle, database, databaseAnswers, spool, watchers, hints, metrics } = foundation;
  metrics.watch({
    version: config.version,
    environment: config.environment,
    queriesPerMinute: config.queriesPerMinute,
    isServing: () => lifecycle.phase === 'running',
    databaseAnswers,
    isDatabaseAway: () => inbox.isDatabaseAway(),
    spool,
    watchers: () => watchers.counts(),
    areHintsLinked: () => hints.isLinked,
    payments: createPaymentStanding(database.prisma, budgetName(foundation)),
  });
  return metrics;
}
