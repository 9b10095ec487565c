import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Viewer } from '../access/viewer.ts';
import type { Logger } from '../lib/logger.ts';
import { within } from '../lib/within.ts';
import type { ClientAddress } from './client-address.ts';
import { bearerCredential } from './credential.ts';
import type { Door } from './door.ts';

export type MetricsSource = {
  contentType: string;
  /** In Prometheus' text format, within seconds whatever is away. */
  render: () => Promise<string>;
};

export type KeyedMetricsDeps = {
  metrics: MetricsSource;
  door: Door;
  clientAddress: ClientAddress;
  logger: Logger;
  /** Whether several processes answer on this port, so that each scrape would reach another one. */
  isShared: boolean;
};

/** On a port that the world may reach: for keys with the scope `metrics`. */
export function registerKeyedMetrics(app: FastifyInstance, deps: KeyedMetricsDeps): void {
  app.get('/metrics', async (request, reply) => {
    const refusal = await refusalFor(deps, request);
    return refusal === null ? send(reply, deps.metrics) : refuse(reply, refusal);
  });
}

/** On a port of this machine's own: for whoever is on it. */
export function registerOpenMetrics(app: FastifyInstance, metrics: MetricsSource): void {
  app.get('/metrics', (_request, reply) => send(reply, metrics));
}

const refusals = {
  unauthenticated: {
    status: 401,
    body: {
      code: 'UNAUTHENTICATED',
      message: 'Send a key with the scope metrics as `Authorization: Bearer`.',
    },
  },
  forbidden: {
    status: 403,
    body: { code: 'FORBIDDEN', message: 'This credential lacks the scope metrics.' },
  },
  tooOften: {
    status: 429,
    body: { code: 'RATE_LIMITED', message: 'Too many wrong credentials came from this address.' },
  },
  unavailable: {
    status: 503,
    body: {
      code: 'UNAVAILABLE',
      message: 'The key cannot be looked up at the moment. METRICS_PORT needs no key.',
    },
  },
  shared: {
    status: 409,
    body: {
      code: 'SEVERAL_PROCESSES',
      message:
        'Several processes share this port, and each counts for itself: set METRICS_PORT and scrape each of them.',
    },
  },
} as const;

type Refusal = keyof typeof refusals;

/** A database that takes longer to know a key is as good as away, in milliseconds. */
const lookUpMsMax = 500;

async function refusalFor(
  deps: KeyedMetricsDeps,
  { headers, id, raw }: FastifyRequest,
): Promise<Refusal | null> {
  const credential = bearerCredential(headers.authorization) ?? null;
  if (credential === null) return 'unauthenticated';
  try {
    const entry = await within(deps.door.enter(credential, deps.clientAddress(raw)), lookUpMsMax);
    if (entry.outcome === 'slow-down') return 'tooOften';
    if (entry.outcome === 'refused') return 'unauthenticated';
    if (!maySeeMetrics(entry.viewer)) return 'forbidden';
    return deps.isShared ? 'shared' : null;
  } catch (error) {
    deps.logger.warn({ err: error, requestId: id }, 'the key of a scrape could not be looked up');
    return 'unavailable';
  }
}

function maySeeMetrics(viewer: Viewer): boolean {
  return viewer.kind === 'client' && viewer.scopes.has('metrics');
}

async function send(reply: FastifyReply, { contentType, render }: MetricsSource): Promise<FastifyReply> {
  return reply.type(contentType).send(await render());
}

function refuse(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, body } = refusals[refusal];
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  if (status === 503 || status === 429) void reply.header('retry-after', '5');
  return reply.code(status).send(body);
}
