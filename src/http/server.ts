import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Lifecycle } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/logger.ts';
import { noSchemas } from '../lib/no-schemas.ts';

export type HttpServerSettings = {
  lifecycle: Lifecycle;
  clock: Clock;
  logger: Logger;
  /** Addresses and blocks of the proxies whose forwarding headers are believed. */
  trustedProxies: readonly string[];
  observe: HttpObserver;
};

/** Counts what is asked and who is connected. Must not throw. */
export type HttpObserver = {
  answered(answer: AnsweredRequest): void;
  opened(kind: ConnectionKind): void;
  closed(kind: ConnectionKind): void;
};

/** What stays open for as long as somebody watches. */
export type ConnectionKind = 'socket' | 'stream';

export type AnsweredRequest = {
  method: string;
  /** The pattern of the route; null where there is none. */
  route: string | null;
  status: number;
  /** Null for a stream of events, which takes as long as its reader likes. */
  ms: number | null;
};

export type HttpServer = FastifyInstance & { server: Server };

/** The 16,000 sockets and streams that a process carries (places.ts), and those who ask and post besides. */
const connectionsMax = 18_000;

/** A server without routes. It logs route patterns and never a raw URL: those carry tokens. */
export function createHttpServer({
  lifecycle,
  clock,
  logger,
  trustedProxies,
  observe,
}: HttpServerSettings): HttpServer {
  const app = Fastify({
    logger: false,
    schemaController: noSchemas,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    genReqId: () => newId(clock.now()),
    // Slow senders are let go; above what proxies keep idle, so that they never meet a closing connection.
    requestTimeout: 15_000,
    keepAliveTimeout: 65_000,
    // No limit on requests per connection: what was pipelined behind the last one would be answered 503.
    http: {
      headersTimeout: 10_000,
      // How late a slow sender may be noticed.
      connectionsCheckingInterval: 5_000,
      shouldUpgradeCallback: wantsSocket,
    },
    forceCloseConnections: 'idle',
    // A request that comes on an open connection while the server stops was accepted: it is answered.
    return503OnClosing: false,
  });
  app.server.maxConnections = connectionsMax;
  endConnectionsWhileStopping(app, lifecycle);
  app.addHook('onResponse', (request, reply, done) => {
    const { method, id, routeOptions } = request;
    const route = routeOptions.url ?? 'none';
    const isStream = String(reply.getHeader('content-type')).includes('text/event-stream');
    const ms = isStream ? null : reply.elapsedTime;
    observe.answered({ method, route: routeOptions.url ?? null, status: reply.statusCode, ms });
    logger.debug(
      { requestId: id, method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    );
    done();
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ code: 'NOT_FOUND', message: 'There is nothing here.' }),
  );
  app.setErrorHandler((error: { statusCode?: number; code?: string; message: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500)
      return reply.code(status).send({ code: error.code ?? 'BAD_REQUEST', message: error.message });
    logger.error({ err: error, requestId: request.id, route: request.routeOptions.url }, 'unexpected error');
    return reply
      .code(503)
      .send({ code: 'UNAVAILABLE', message: 'Not at the moment.', requestId: request.id });
  });
  return app;
}

/** Whatever else a client offers to upgrade to (`h2c`, as some do by default), it is answered as if it had not. */
function wantsSocket({ headers, url }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && (url ?? '').split('?')[0] === '/graphql';
}

/** How long a new connection may take to be used, once no others come in, in milliseconds. */
const unusedMsMax = 1_000;

/** How long a request under way may go on after the server was told to stop, in milliseconds. */
const patienceMs = 15_000;

/**
 * From the order to stop on, each connection ends with its next answer, so that by the time the server closes few are left
 * on which a request could be on its way; after a while the rest are cut.
 */
function endConnectionsWhileStopping(app: FastifyInstance, lifecycle: Lifecycle): void {
  const unused = new Set<Socket>();
  // One listener for all: thousands of sockets are silent for most of their lives.
  const forget = function (this: Socket): void {
    unused.delete(this);
  };
  app.server.on('connection', (socket) => {
    unused.add(socket);
    socket.on('close', forget);
  });
  for (const used of ['request', 'upgrade'])
    app.server.on(used, ({ socket }: IncomingMessage) => unused.delete(socket));
  app.addHook('preClose', (done) => {
    // Node waits for a connection on which nothing was ever asked, such as browsers and balancers keep in store. On one that
    // has just come a request may be on its way.
    setTimeout(() => unused.forEach((socket) => socket.destroy()), unusedMsMax).unref();
    setTimeout(() => app.server.closeAllConnections(), patienceMs).unref();
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (lifecycle.phase === 'stopping') void reply.header('connection', 'close');
    void reply.header('x-content-type-options', 'nosniff');
    done();
  });
}
