import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { ErrorCode } from '../errors.ts';

/** Codes of whoever asked for what cannot be run: of us they say nothing. */
const isOurs = (code: unknown) => code === ('INTERNAL_SERVER_ERROR' satisfies ErrorCode);

/**
 * Over HTTP and SSE: 400 for what was refused before it ran, which GraphQL over HTTP asks for in its own media type, and
 * 429 where nothing but that it was asked too often is the answer. Yoga takes these out again before it answers.
 */
export const answerByStatus: Plugin = {
  onExecutionResult: ({ result }) => {
    if (!result || Array.isArray(result)) return;
    // An operation without errors, or a stream, has none to speak of.
    const answer = result as { data?: unknown; errors?: readonly GraphQLError[] };
    const { errors = [] } = answer;
    if (errors.length === 0) return;
    const waits = errors.map(({ extensions }) => extensions['retryAfterSeconds']);
    if (hasNoData(answer) && waits.every((wait) => typeof wait === 'number')) {
      const headers = { 'retry-after': String(Math.max(...waits)) };
      for (const { extensions } of errors) extensions.http = { status: 429, headers };
    } else if (!('data' in answer)) {
      for (const { extensions } of errors)
        if (!isOurs(extensions['code'])) extensions.http ??= { status: 400, spec: true };
    }
  },
};

function hasNoData({ data }: { data?: unknown }): boolean {
  return data == null || Object.values(data).every((value) => value === null);
}
