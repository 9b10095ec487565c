import { Registry } from 'prom-client';
import { callbackMetrics, type CallbackMetrics } from './callbacks.ts';
import { darajaMetrics, type DarajaMetrics } from './daraja.ts';
import { feedMetrics, type FeedMetrics } from './feed.ts';
import { httpMetrics } from './http.ts';
import { paymentMetrics, type PaymentMetrics } from './payments.ts';
import { processRegistry } from './process.ts';
import { standingMetrics, type StandingDeps } from './standing.ts';
import type { HttpObserver } from '../http/server.ts';

/** What one app counts. The parts that are counted know none of this: each declares what it tells, to whoever listens. */
export type Metrics = {
  payments: PaymentMetrics;
  callbacks: CallbackMetrics;
  daraja: DarajaMetrics;
  feed: FeedMetrics;
  http: HttpObserver;
  /** To be called once, when there is something to look at. */
  watch(standing: StandingDeps): void;
  contentType: string;
  render: () => Promise<string>;
};

/** A registry for each app: several may run in one process. */
export function createMetrics(): Metrics {
  const own = new Registry();
  const all = [own, processRegistry()];
  return {
    payments: paymentMetrics(own),
    callbacks: callbackMetrics(own),
    daraja: darajaMetrics(own),
    feed: feedMetrics(own),
    http: httpMetrics(own),
    watch: (standing) => standingMetrics(own, standing),
    contentType: own.contentType,
    render: async () => (await Promise.all(all.map((registry) => registry.metrics()))).join('\n'),
  };
}
