import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { HttpObserver } from '../http/server.ts';

/** Others are told apart by nobody, and there are dozens. */
const methods = new Set(['GET', 'POST', 'HEAD', 'OPTIONS']);

/** What is asked over HTTP, by the pattern of the route: an address may carry a token. */
export function httpMetrics(registry: Registry): HttpObserver {
  const registers = [registry];
  const requests = new Histogram({
    name: 'malipo_http_request_duration_seconds',
    help: 'Requests that were answered. awaitPayment waits by design, for up to 55 s; streams of events are not among them.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
    registers,
  });
  const connections = new Counter({
    name: 'malipo_connections_total',
    help: 'WebSockets, and streams of server-sent events, that were opened.',
    labelNames: ['kind'],
    registers,
  });
  const open = new Gauge({
    name: 'malipo_open_connections',
    help: 'WebSockets, and streams of server-sent events, that are open.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of ['socket', 'stream'] as const) open.set({ kind }, 0);

  return {
    answered({ method, route, status, ms }) {
      if (ms === null) return;
      const labels = { method: methods.has(method) ? method : 'other', route: route ?? 'none', status };
      requests.observe(labels, ms / 1_000);
    },
    opened(kind) {
      open.inc({ kind });
      connections.inc({ kind });
    },
    closed: (kind) => open.dec({ kind }),
  };
}
