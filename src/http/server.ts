import type { IncomingMessage, Server } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';

export type HttpServerSettings = {
  clock: Clock;
  logger: Logger;
  /** Addresses and blocks of the proxies whose forwarding headers are believed. */
  trustedProxies: readonly string[];
};

export type HttpServer = FastifyInstance & { server: Server };

/** A server without routes. It logs route patterns and never a raw URL: those carry tokens. */
export function createHttpServer({ clock, logger, trustedProxies }: HttpServerSettings): HttpServer {
  const app = Fastify({
    logger: false,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    genReqId: () => newId(clock.now()),
    // Slow senders are let go; above what proxies keep idle, so that they never meet a closing connection.
    requestTimeout: 15_000,
    keepAliveTimeout: 65_000,
    http: { headersTimeout: 10_000, shouldUpgradeCallback: wantsSocket },
    forceCloseConnections: 'idle',
    // A request that comes on an open connection while the server stops was accepted: it is answered.
    return503OnClosing: false,
  });
  closeConnectionsWhenDone(app);
  app.addHook('onResponse', (request, reply, done) => {
    const { method, id, routeOptions } = request;
    const route = routeOptions.url ?? 'none';
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

/** How long a request under way may go on after the server was told to stop, in milliseconds. */
const patienceMs = 15_000;

/** While closing, connections end with the answer they were waiting for; after a while the rest are cut. */
function closeConnectionsWhenDone(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    setTimeout(() => app.server.closeAllConnections(), patienceMs).unref();
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) void reply.header('connection', 'close');
    done();
  });
}
