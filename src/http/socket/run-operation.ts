import {
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { maskError, withRequestId } from '../../graphql/errors.ts';
import type { ResultStream } from '../../graphql/result-stream.ts';
import type { RequestContext } from '../../graphql/yoga.ts';
import type { SocketConnection } from './socket-connection.ts';
import type { SocketDeps } from './socket-deps.ts';

/** Yoga's pipeline for one operation, whose parts it leaves untyped. */
type Pipeline = {
  schema: GraphQLSchema;
  parse: (source: string) => DocumentNode;
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  contextFactory: () => unknown;
  execute: (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;
  subscribe: (args: ExecutionArgs) => Promise<ResultStream | ExecutionResult>;
};

/** Errors of an operation that was not run, the answer of a query or a mutation, or what a subscription leads to. */
export type Outcome = readonly GraphQLError[] | ExecutionResult | ResultStream;

/** A bad document is an error of its own operation, and of nothing else on its socket. */
export async function runOperation(
  deps: SocketDeps,
  request: RequestContext,
  payload: SubscribePayload,
  connection: SocketConnection,
): Promise<Outcome> {
  const { requestId } = request;
  const pipeline: Pipeline = deps.graphql.yoga.getEnveloped({ ...request, params: payload });
  const prepared = await prepare(deps, pipeline, requestId, payload);
  if (!('document' in prepared)) return prepared;
  const { document, operationName } = prepared;
  if (getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION)
    return pipeline.subscribe(prepared);
  const answer = whileAnswering(connection, () => pipeline.execute(prepared));
  deps.underWay.add(answer);
  return answer;
}

async function prepare(
  { graphql, logger }: SocketDeps,
  { schema, parse, validate, contextFactory }: Pipeline,
  requestId: string,
  payload: SubscribePayload,
): Promise<ExecutionArgs | GraphQLError[]> {
  try {
    const document = parse(String(graphql.documentOf(payload)));
    const errors = validate(schema, document);
    if (errors.length > 0) return errors.map(withoutStatus);
    const operationName = payload.operationName ?? null;
    if (!getOperationAST(document, operationName)) return [noSuchOperation(requestId)];
    const variableValues = payload.variables ?? null;
    return { schema, document, operationName, variableValues, contextValue: await contextFactory() };
  } catch (error) {
    if (error instanceof GraphQLError)
      return [withoutStatus(withRequestId(error, requestId, 'GRAPHQL_PARSE_FAILED'))];
    return [maskError(logger, error, requestId)];
  }
}

/** Counted, so that a client which is to connect anew is not cut off from an answer. */
async function whileAnswering<Answer>(
  connection: SocketConnection,
  work: () => Answer | Promise<Answer>,
): Promise<Answer> {
  connection.answering += 1;
  try {
    return await work();
  } finally {
    connection.answering -= 1;
  }
}

/** In Yoga's words for HTTP. */
function noSuchOperation(requestId: string): GraphQLError {
  const code = 'OPERATION_RESOLUTION_FAILURE';
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code, requestId },
  });
}

/** Yoga says in the error which status it has over HTTP, and takes it out only there. */
export function withoutStatus({ message, nodes, source, positions, extensions }: GraphQLError): GraphQLError {
  const { http: _http, ...others } = extensions;
  return new GraphQLError(message, { nodes, source, positions, extensions: others });
}
