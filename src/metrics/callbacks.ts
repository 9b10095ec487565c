import { Counter, Histogram, type Registry } from 'prom-client';
import type { CallbackObserver } from '../callbacks/receive-callback.ts';

export type CallbackMetrics = CallbackObserver & {
  /** Runs what stores a batch of so many callbacks, and measures it. */
  batch<T>(size: number, storing: () => Promise<T>): Promise<T>;
};

const durableBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];

/** How callbacks come in, and where they are kept. */
export function callbackMetrics(registry: Registry): CallbackMetrics {
  const registers = [registry];
  const durable = new Histogram({
    name: 'malipo_callback_durable_seconds',
    help: 'From the last byte of a genuine callback until it was durable, by where: in the database, or in the spool.',
    labelNames: ['where'],
    buckets: durableBuckets,
    registers,
  });
  const lost = new Counter({
    name: 'malipo_callbacks_lost_total',
    help: 'Genuine callbacks that could be kept neither in the database nor in the spool, and were answered 503.',
    registers,
  });
  const refused = new Counter({
    name: 'malipo_callbacks_refused_total',
    help: 'Posts that were not believed: from an address that is not allowed, or to an address that we did not make.',
    labelNames: ['reason'],
    registers,
  });
  const batchSize = new Histogram({
    name: 'malipo_inbox_batch_size',
    help: 'Callbacks that shared a commit.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200],
    registers,
  });
  const batchDuration = new Histogram({
    name: 'malipo_inbox_batch_duration_seconds',
    help: 'How long the commit of a batch of callbacks took, by how it ended.',
    labelNames: ['outcome'],
    buckets: durableBuckets,
    registers,
  });
  // A series that is not there cannot be seen to rise: these are what alerts are about.
  lost.inc(0);
  for (const reason of ['address', 'token'] as const) refused.inc({ reason }, 0);

  return {
    kept: (where, ms) => durable.observe({ where }, ms / 1_000),
    lost: () => lost.inc(),
    refused: (reason) => refused.inc({ reason }),
    async batch(size, storing) {
      batchSize.observe(size);
      const startedAt = performance.now();
      const since = () => (performance.now() - startedAt) / 1_000;
      try {
        const stored = await storing();
        batchDuration.observe({ outcome: 'stored' }, since());
        return stored;
      } catch (error) {
        batchDuration.observe({ outcome: 'failed' }, since());
        throw error;
      }
    },
  };
}
