import { AsyncLocalStorage } from 'node:async_hooks';
import type { GraphQLError } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { newId } from '../lib/ids.ts';
import { keepRepeated } from '../lib/keep-repeated.ts';
import { createRecentCache, type RecentCache } from '../lib/recent-cache.ts';
import { untraced } from '../lib/trace.ts';
import type { Context, GraphqlDeps } from './context.ts';
import { maskError, withRequestId } from './errors.ts';
import { answerByStatus } from './limits/answer-by-status.ts';
import { createGate, type GateSettings } from './limits/gate.ts';
import { documentOf, type Params } from './limits/trusted-documents.ts';
import { pushResults } from './push-results.ts';
import { schema } from './schema.ts';
import { traceOperations } from './trace-operations.ts';

export type RequestContext = Omit<Context, 'deps'>;

export type Graphql = {
  yoga: YogaServerInstance<RequestContext, Context>;
  /** Runs what belongs to one request, so that its errors carry its id. */
  withRequestId<T>(requestId: string, work: () => T): T;
  /** What the caller is told of an error; all of it is logged. */
  maskError: (error: unknown) => GraphQLError;
  /** The text of what is to be run, which may be named by its hash. Throws FORBIDDEN for one that is not known. */
  documentOf: (params: Params) => unknown;
};

/** The schema behind one pipeline for HTTP, SSE and WebSocket. Who asks is known before it is reached. */
export function createGraphql(deps: GraphqlDeps, gate: GateSettings): Graphql {
  const requestIds = new AsyncLocalStorage<string>();
  const requestId = () => requestIds.getStore() ?? newId(deps.clock.now());
  const mask = (error: unknown) => maskError(deps.logger, error, requestId());
  const readDocument = (params: Params) => documentOf(gate.trustedDocuments, params);
  const yoga = createYoga<RequestContext, Context>({
    schema,
    graphqlEndpoint: '/graphql',
    context: ({ viewer, requestId, isGone }) => ({ deps, viewer, requestId, isGone }),
    maskedErrors: { maskError: mask },
    plugins: [
      ...(gate.trustedDocuments === null ? [] : [nameDocuments(readDocument)]),
      createGate(gate, deps.rates),
      nameRequestOfInvalidDocuments(requestId),
      answerByStatus,
      pushResults,
      ...(deps.trace === untraced ? [] : [traceOperations(deps.trace)]),
    ],
    parserAndValidationCache: { documentCache: createDocumentCache(), errorCache: createDocumentCache() },
    // Limited by the HTTP server in front, which costs a third of what Yoga's own limit does.
    maxRequestBodySize: false,
    cors: false,
    multipart: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
  return {
    yoga,
    withRequestId: (id, work) => requestIds.run(id, work),
    maskError: mask,
    documentOf: readDocument,
  };
}

/**
 * By the whole text. Only what came twice is kept: a client sends the same few documents again and again, and whoever makes
 * up a new one each time would else fill the memory with what is of use to nobody.
 */
function createDocumentCache<Value>(): RecentCache<Value> {
  // Yoga would keep 1,024. A parsed document takes some fifty times its text: 25 MB at the worst.
  return keepRepeated(createRecentCache(128, 512 * 1024), { sizeMax: 1_024, keyLengthsMax: 512 * 1024 });
}

/** Over HTTP and SSE. The socket asks by itself. */
function nameDocuments(readDocument: (params: Params) => unknown): Plugin {
  return {
    onParams: ({ params, setParams }) => {
      const query = readDocument(params);
      const { documentId: _documentId, ...others } = params as Params;
      setParams({ ...others, query } as typeof params);
    },
  };
}

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
