import { GraphQLError } from 'graphql';
import type { Logger } from '../lib/logger.ts';

/** What a caller of a query or a subscription can act on. Mutations report in `userErrors`. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'TIMEOUT'
  | 'UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR';

/** What Yoga answers over HTTP where the error is the whole answer. `spec`: not in the older media type, which has 200. */
type HttpAnswer = { status: number; spec?: boolean; headers?: Record<string, string> };
const httpAnswers: Partial<Record<ErrorCode, HttpAnswer>> = { UNAUTHENTICATED: { status: 401 } };

/** For an operation that is refused before it is looked at. */
export const badRequest: HttpAnswer = { status: 400, spec: true };
export const forbidden: HttpAnswer = { status: 403 };

/** An error that the caller is meant to read; every other one is masked. */
export function callerError(code: ErrorCode, message: string, http = httpAnswers[code]): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...(http ? { http } : {}) } });
}

/** Asked too often. The caller may ask again after so many seconds. `isWhole`: nothing of the operation is answered. */
export function rateLimited(retryAfterSeconds: number, { isWhole = false } = {}): GraphQLError {
  const code: ErrorCode = 'RATE_LIMITED';
  const message = `Too many requests. Ask again in ${retryAfterSeconds} s.`;
  const http: HttpAnswer = { status: 429, headers: { 'retry-after': String(retryAfterSeconds) } };
  return new GraphQLError(message, { extensions: { code, retryAfterSeconds, ...(isWhole ? { http } : {}) } });
}

export const notFound = () => callerError('NOT_FOUND', 'There is no such transaction.');

/**
 * What the caller sees of an error: its own if it was meant for them, else only that something went wrong and a
 * request id under which the log has all of it.
 */
export function maskError(logger: Logger, error: unknown, requestId: string): GraphQLError {
  const own = error instanceof GraphQLError ? error : null;
  const isMeant = own !== null && (own.cause === undefined || own.cause instanceof GraphQLError);
  // What GraphQL throws itself and gives no code is about values that do not fit their type: the caller's.
  if (isMeant) return withRequestId(own, requestId, 'BAD_USER_INPUT');
  logger.error({ err: own?.cause ?? error, requestId }, 'unexpected error while answering');
  const { nodes, source, positions, path } = own ?? {};
  return new GraphQLError('Something went wrong here. Quote the request id when you report it.', {
    nodes,
    source,
    positions,
    path,
    extensions: { code: 'INTERNAL_SERVER_ERROR' satisfies ErrorCode, requestId },
  });
}

/** `code` is for an error that has none of its own, as GraphQL's own errors have not. */
export function withRequestId(
  error: GraphQLError,
  requestId: string,
  code: ErrorCode | 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED',
): GraphQLError {
  const { message, nodes, source, positions, path, extensions } = error;
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    extensions: { code, ...extensions, requestId },
  });
}
