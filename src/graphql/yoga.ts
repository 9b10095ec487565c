import { AsyncLocalStorage } from 'node:async_hooks';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import { newId } from '../lib/ids.ts';
import type { Context, GraphqlDeps } from './context.ts';
import { maskError } from './errors.ts';
import { schema } from './schema.ts';

export type RequestContext = Omit<Context, 'deps'>;

export type Graphql = {
  yoga: YogaServerInstance<RequestContext, Context>;
  /** Runs what belongs to one request, so that its errors carry its id. */
  withRequestId<T>(requestId: string, work: () => T): T;
};

/** The schema behind one pipeline for HTTP, SSE and WebSocket. Who asks is known before it is reached. */
export function createGraphql(deps: GraphqlDeps): Graphql {
  const requestIds = new AsyncLocalStorage<string>();
  const yoga = createYoga<RequestContext, Context>({
    schema,
    graphqlEndpoint: '/graphql',
    context: ({ viewer, requestId }) => ({ deps, viewer, requestId }),
    maskedErrors: {
      maskError: (error) => maskError(deps.logger, error, requestIds.getStore() ?? newId(deps.clock.now())),
    },
    // Limited by the HTTP server in front, which costs a third of what Yoga's own limit does.
    maxRequestBodySize: false,
    cors: false,
    multipart: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
  return { yoga, withRequestId: (requestId, work) => requestIds.run(requestId, work) };
}
