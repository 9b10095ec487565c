import { Counter, Histogram, type Registry } from 'prom-client';

export type FeedMetrics = {
  hintReturned: (ms: number) => void;
  caughtUp: (ms: number, found: number) => void;
};

/** How soon those who watch are told. */
export function feedMetrics(registry: Registry): FeedMetrics {
  const registers = [registry];
  const lag = new Histogram({
    name: 'malipo_hint_lag_seconds',
    help: 'From a change to its hint coming back over the relay to the process that sent it, which is when others get it. By one clock. Nothing is relayed with the embedded database.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 8],
    registers,
  });
  const duration = new Histogram({
    name: 'malipo_catch_up_duration_seconds',
    help: 'How long it took to look for changes that no hint told, for all watchers of this process.',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    registers,
  });
  const found = new Counter({
    name: 'malipo_catch_up_found_total',
    help: 'Watched payments that catching up found changed. Those that are being told at that moment count too; a rise far above the usual says that hints are lost.',
    registers,
  });
  return {
    hintReturned: (ms) => lag.observe(ms / 1_000),
    caughtUp(ms, payments) {
      duration.observe(ms / 1_000);
      found.inc(payments);
    },
  };
}
