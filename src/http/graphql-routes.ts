import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Connection, Connections } from '../access/connections/connection.ts';
import type { Viewer } from '../access/viewer.ts';
import { answerPost, fromResponse, type PostAnswer } from '../graphql/answer-post.ts';
import type { Graphql, RequestContext } from '../graphql/yoga.ts';
import type { Lifecycle } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/logger.ts';
import type { ClientAddress } from './client-address.ts';
import type { Places } from './places.ts';
import { bearerCredential } from './credential.ts';
import type { HttpObserver } from './server.ts';
import type { Door, Entry } from './door.ts';
import { registerCors, type Origins } from './origins.ts';

export type GraphqlRouteDeps = {
  lifecycle: Lifecycle;
  graphql: Graphql;
  door: Door;
  clientAddress: ClientAddress;
  /** Places for what is open at once. */
  places: Places;
  /** All that is open, whoever closes it. */
  connections: Connections;
  origins: Origins;
  logger: Logger;
  observe: HttpObserver;
  /** The page for a person with a browser; null where there is none. */
  graphiql: ((request: FastifyRequest) => Promise<string>) | null;
};

/** Operations are a few KB; 4 KB of metadata and a long document fit many times over. */
const bodyBytesMax = 128 * 1024;

/**
 * Yoga writes to every stream each 12 s: whoever takes nothing for this long does not read, in milliseconds. Node looks
 * twice where a write was half taken.
 */
const stalledMsMax = 20_000;

type Query = { watchToken?: unknown; query?: unknown };

/**
 * GraphQL over HTTP and SSE. Nothing but the page is answered without a credential, and no cookie is ever read. Only
 * JSON is taken, so that no form of another site's page can post.
 */
export function registerGraphqlRoutes(app: FastifyInstance, deps: GraphqlRouteDeps): Disposable {
  const streams = new Set<ServerResponse>();
  app.register((scope, _options, done) => {
    registerCors(scope, deps.origins, '/graphql');
    scope.removeAllContentTypeParsers();
    // Read once it is known who asks.
    scope.addContentTypeParser(
      ['application/json', 'application/graphql-response+json'],
      { parseAs: 'string', bodyLimit: bodyBytesMax },
      (_request, body, parsed) => {
        parsed(null, body);
      },
    );
    scope.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
      const { statusCode: status = 500, message } = error;
      if (status >= 500) deps.logger.error({ err: error, requestId: request.id }, 'a request failed');
      return refuse(request, reply, status, codes[status] ?? 'BAD_REQUEST', message);
    });
    scope.route<{ Querystring: Query }>({
      method: ['GET', 'POST'],
      url: '/graphql',
      handler: async (request, reply) => {
        if (deps.graphiql !== null && wantsPage(request)) {
          void reply.header('content-security-policy', "frame-ancestors 'none'");
          return reply.type('text/html; charset=utf-8').send(await deps.graphiql(request));
        }
        if (!isServing(deps.lifecycle, request)) {
          return refuseForNow(request, reply, `Malipo is ${deps.lifecycle.phase}. Try again.`);
        }
        const entry = await enter(deps, request).catch(
          (error: unknown) => ({ outcome: 'failed', error }) as const,
        );
        if (entry.outcome !== 'in') return refuseEntry(deps, request, reply, entry);
        const { viewer } = entry;
        void reply.header('x-request-id', request.id);
        if (request.method === 'POST' && !request.body) {
          return refuse(request, reply, 400, 'BAD_REQUEST', 'The request has no body.');
        }
        const answer = await ask(deps.graphql, request, reply, {
          viewer,
          requestId: request.id,
          isGone: () => reply.raw.destroyed,
        });
        const { status, headers, body } = answer;
        if (typeof body === 'string') return reply.code(status).headers(headers).send(body);
        // Not by what the client says that it accepts: that leaves a choice. One that has gone would keep its place.
        const isOpen = deps.lifecycle.phase === 'running' && !reply.raw.destroyed;
        const place = isOpen ? deps.places.takeBy(entry.key) : null;
        // One that nobody reads has not begun, and leaves nothing behind.
        if (place === null)
          return refuseForNow(request, reply, 'No stream can be opened at the moment. Try again.');
        reply.raw.once('close', () => place.leave());
        keepWhileOpen(deps, streams, reply.raw, viewer);
        return reply.code(status).headers(headers).send(body);
      },
    });
    done();
  });
  // A stream that is cut is resumed by its client elsewhere; one that is completed would say that all was told.
  return { [Symbol.dispose]: () => streams.forEach((stream) => stream.destroy()) };
}

/** While it stops, what was accepted is answered; a stream would only be cut. */
function isServing({ phase }: Lifecycle, { headers }: FastifyRequest): boolean {
  if (phase === 'stopping') return !wantsStream({ headers });
  return phase === 'running';
}

function wantsStream({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return (headers.accept ?? '').includes('text/event-stream');
}

/** `EventSource` and people with a browser use GET, which goes Yoga's own way. */
async function ask(
  graphql: Graphql,
  request: FastifyRequest,
  reply: FastifyReply,
  context: RequestContext,
): Promise<PostAnswer> {
  return graphql.withRequestId(context.requestId, async () => {
    const { method, body, headers } = request;
    if (method === 'POST')
      return answerPost(graphql, { text: String(body), accept: headers.accept }, context);
    return fromResponse(await graphql.yoga.handleNodeRequestAndResponse(request, reply.raw, context));
  });
}

/** Cut when the server stops, or by what becomes of its credential: its client resumes where and as it may. */
function keepWhileOpen(
  { connections, observe }: GraphqlRouteDeps,
  streams: Set<ServerResponse>,
  stream: ServerResponse,
  viewer: Viewer,
): void {
  // Of one that has gone already no close is heard any more.
  if (stream.destroyed) return;
  const close = (): void => void stream.destroy();
  const connection: Connection = { viewer, oldAtMs: Infinity, answering: 0, close };
  streams.add(stream);
  connections.add(connection);
  observe.opened('stream');
  stream.once('close', () => {
    streams.delete(stream);
    connections.delete(connection);
    observe.closed('stream');
  });
  stream.setTimeout(stalledMsMax, () => stream.destroy());
}

const unauthenticated =
  'Send a key as `Authorization: Bearer mlp_…`, or the watch token of a payment. This one is missing, unknown or expired.';

const codes: Record<number, string> = {
  413: 'REQUEST_ENTITY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  500: 'INTERNAL_SERVER_ERROR',
};

/** Keys are taken from the header alone: addresses end up in logs and histories. */
async function enter(
  { door, clientAddress }: GraphqlRouteDeps,
  { headers, query, raw }: FastifyRequest<{ Querystring: Query }>,
): Promise<Entry> {
  const address = clientAddress(raw);
  const credential = bearerCredential(headers.authorization);
  if (credential !== undefined) return door.enter(credential, address);
  const entry = await door.enter(watchTokenOf(query), address);
  return entry.outcome === 'in' && entry.viewer.kind !== 'watcher' ? { outcome: 'refused' } : entry;
}

function refuseEntry(
  { logger }: GraphqlRouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  entry: Exclude<Entry, { outcome: 'in' }> | { outcome: 'failed'; error: unknown },
) {
  switch (entry.outcome) {
    case 'failed':
      logger.error({ err: entry.error, requestId: request.id }, 'a credential could not be looked up');
      return refuseForNow(request, reply, 'The credential cannot be looked up at the moment. Try again.');
    case 'slow-down':
      void reply.header('retry-after', String(entry.retryAfterSeconds));
      return refuse(request, reply, 429, 'RATE_LIMITED', 'Too many requests without a good credential.');
    case 'refused':
      void reply.header('www-authenticate', 'Bearer');
      return refuse(request, reply, 401, 'UNAUTHENTICATED', unauthenticated);
  }
}

/** `EventSource` can set no header. */
function watchTokenOf({ watchToken }: Query): string | null {
  return typeof watchToken === 'string' && watchToken !== '' ? watchToken : null;
}

function wantsPage({ method, headers, query }: FastifyRequest<{ Querystring: Query }>): boolean {
  return method === 'GET' && query.query === undefined && (headers.accept ?? '').includes('text/html');
}

function refuseForNow(request: FastifyRequest, reply: FastifyReply, message: string) {
  void reply.header('retry-after', '5');
  return refuse(request, reply, 503, 'UNAVAILABLE', message);
}

function refuse(request: FastifyRequest, reply: FastifyReply, status: number, code: string, message: string) {
  const type = (request.headers.accept ?? '').includes('application/graphql-response+json')
    ? 'application/graphql-response+json; charset=utf-8'
    : 'application/json; charset=utf-8';
  const shown =
    status === 500 ? 'Something went wrong here. Quote the request id when you report it.' : message;
  return reply
    .code(status)
    .type(type)
    .send(JSON.stringify({ errors: [{ message: shown, extensions: { code, requestId: request.id } }] }));
}
