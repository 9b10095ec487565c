import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Whether the page that asks, if any does, may have the answer. */
export type Origins = {
  /** Of another site, and listed. */
  isListed(origin: string): boolean;
  /** No page's, or one of this server's own, or listed. What asks without `Origin` is no page. */
  isAllowed(headers: IncomingHttpHeaders): boolean;
};

export function createOrigins(listed: readonly string[]): Origins {
  const origins = new Set(listed);
  const isListed = (origin: string) => origins.has(origin);
  return {
    isListed,
    isAllowed: ({ origin, host }) =>
      origin === undefined || isListed(origin) || (host !== undefined && URL.parse(origin)?.host === host),
  };
}

/** In seconds: the most that browsers take. */
const preflightLife = 7_200;

/**
 * Lets the pages that are listed read answers. Never with credentials: no cookie is read, so a page has to be given a
 * key or a watch token, and sends it in a header.
 */
export function registerCors(scope: FastifyInstance, origins: Origins, path: string): void {
  scope.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    void reply.header('vary', 'Origin');
    if (origin !== undefined && origins.isListed(origin)) {
      void reply.header('access-control-allow-origin', origin);
      void reply.header('access-control-expose-headers', 'x-request-id, retry-after');
    }
    done();
  });
  scope.options(path, (request, reply) => {
    const { origin } = request.headers;
    if (origin !== undefined && origins.isListed(origin)) {
      void reply.header('access-control-allow-methods', 'GET, POST');
      void reply.header('access-control-allow-headers', 'authorization, content-type');
      void reply.header('access-control-max-age', String(preflightLife));
    }
    return reply.header('allow', 'GET, POST, OPTIONS').code(204).send();
  });
}
