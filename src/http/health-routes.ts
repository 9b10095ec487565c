import type { FastifyInstance } from 'fastify';
import type { Lifecycle } from '../lib/lifecycle.ts';
import { within } from '../lib/within.ts';

export type HealthDeps = {
  lifecycle: Lifecycle;
  /** Says within seconds whether the database could be written to now. */
  databaseAnswers(): Promise<boolean>;
  /** Where callbacks are kept while it could not. */
  spool: { readonly records: number; readonly bytes: number; canKeep(): Promise<boolean> };
};

/** Live: the process runs. Ready: a callback that came now could be kept. */
export function registerHealthRoutes(app: FastifyInstance, deps: HealthDeps): void {
  app.get('/health/live', () => ({ status: 'live' }));
  app.get('/health/ready', async (_request, reply) => {
    const { status, body } = await readiness(deps);
    return reply.code(status).send(body);
  });
}

/** A disk that takes longer to answer is as good as away, in milliseconds. */
const patienceMs = 2_000;

type Answer = { status: number; body: object };

async function readiness(deps: HealthDeps): Promise<Answer> {
  const [isThere, canSpool] = await Promise.all([deps.databaseAnswers(), canKeep(deps.spool)]);
  const { phase } = deps.lifecycle;
  // Others serve meanwhile. Where the database is away there may be no others, and callbacks can be kept.
  if (phase === 'stopping' || (phase === 'starting' && isThere)) {
    return { status: 503, body: { status: 'unready', reason: `Malipo is ${phase}` } };
  }
  const { records, bytes } = deps.spool;
  if (!isThere && !canSpool) {
    const reason = 'the database does not answer and the spool cannot keep callbacks';
    return { status: 503, body: { status: 'unready', reason, spool: { records, bytes } } };
  }
  const reason = shortcoming(isThere, canSpool, records);
  if (reason === null) return { status: 200, body: { status: 'ready' } };
  return { status: 200, body: { status: 'ready', degraded: true, reason, spool: { records, bytes } } };
}

function shortcoming(isThere: boolean, canSpool: boolean, records: number): string | null {
  if (!isThere) return 'the database does not answer';
  if (!canSpool) return 'the spool is full or cannot be written to';
  return records > 0 ? 'callbacks wait in the spool' : null;
}

async function canKeep(spool: HealthDeps['spool']): Promise<boolean> {
  try {
    return await within(spool.canKeep(), patienceMs);
  } catch {
    return false;
  }
}
