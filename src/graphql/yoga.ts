import { AsyncLocalStorage } from 'node:async_hooks';
import { parse, type GraphQLError } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { newId } from '../lib/ids.ts';
import { createRecentCache } from '../lib/recent-cache.ts';
import { untraced } from '../lib/trace.ts';
import type { Context, GraphqlDeps } from './context.ts';
import { callerError, maskError, withRequestId } from './errors.ts';
import { schema } from './schema.ts';
import { traceOperations } from './trace-operations.ts';

export type RequestContext = Omit<Context, 'deps'>;

export type Graphql = {
  yoga: YogaServerInstance<RequestContext, Context>;
  /** Runs what belongs to one request, so that its errors carry its id. */
  withRequestId<T>(requestId: string, work: () => T): T;
};

/** The schema behind one pipeline for HTTP, SSE and WebSocket. Who asks is known before it is reached. */
export function createGraphql(deps: GraphqlDeps): Graphql {
  const requestIds = new AsyncLocalStorage<string>();
  const requestId = () => requestIds.getStore() ?? newId(deps.clock.now());
  const yoga = createYoga<RequestContext, Context>({
    schema,
    graphqlEndpoint: '/graphql',
    context: ({ viewer, requestId, isGone }) => ({ deps, viewer, requestId, isGone }),
    maskedErrors: {
      maskError: (error) => maskError(deps.logger, error, requestId()),
    },
    plugins: [
      limitDocuments,
      nameRequestOfInvalidDocuments(requestId),
      ...(deps.trace === untraced ? [] : [traceOperations(deps.trace)]),
    ],
    // Kept by their whole text: fewer than Yoga's 1,024, because whoever has a token may send ever new ones.
    parserAndValidationCache: {
      documentCache: createRecentCache(cachedDocumentsMax),
      errorCache: createRecentCache(cachedDocumentsMax),
      validationCache: createRecentCache(cachedDocumentsMax),
    },
    // Limited by the HTTP server in front, which costs a third of what Yoga's own limit does.
    maxRequestBodySize: false,
    cors: false,
    multipart: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
  return { yoga, withRequestId: (id, work) => requestIds.run(id, work) };
}

const cachedDocumentsMax = 128;
/** In characters: a comment has no token, and an app's operation no need of more. */
const documentLengthMax = 16_384;
/** The largest of our own documents has a third of this. Nested deeper, one would overflow the stack. */
const tokensMax = 1_000;

const limitDocuments: Plugin = {
  onParse: ({ params, setParseFn }) => {
    if (String(params.source).length > documentLengthMax) {
      throw callerError('BAD_USER_INPUT', `A document has at most ${String(documentLengthMax)} characters.`);
    }
    setParseFn((source: string, options: object) => parse(source, { ...options, maxTokens: tokensMax }));
  },
};

/** Yoga masks only what is thrown, and keeps the errors of a document from one request to the next. */
function nameRequestOfInvalidDocuments(requestId: () => string): Plugin {
  return {
    onValidate:
      () =>
      ({ result, setResult }) =>
        setResult(
          (result as GraphQLError[]).map((error) =>
            withRequestId(error, requestId(), 'GRAPHQL_VALIDATION_FAILED'),
          ),
        ),
  };
}
