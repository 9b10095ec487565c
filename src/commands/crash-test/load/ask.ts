import type { Malipo } from '../servers/malipo.ts';

/** The process could not be asked, or did not answer, or answered with an error: the same may succeed elsewhere. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** One GraphQL operation over HTTP. */
export async function ask<T>(
  { http }: Malipo,
  apiKey: string,
  query: string,
  variables: object,
  signal?: AbortSignal,
): Promise<T> {
  const { status, text } = await post(http, apiKey, JSON.stringify({ query, variables }), signal);
  const { data, errors } = parse(text);
  if (status === 200 && data && errors === undefined) return data as T;
  throw new NoAnswerError(`answered ${status}: ${text.slice(0, 300)}`);
}

async function post(http: Malipo['http'], apiKey: string, body: string, signal?: AbortSignal) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` };
  try {
    const answer = await http.request({
      path: '/graphql',
      method: 'POST',
      headers,
      body,
      ...(signal ? { signal } : {}),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  } catch (error) {
    throw new NoAnswerError(String(error));
  }
}

function parse(text: string): { data?: unknown; errors?: unknown } {
  try {
    return JSON.parse(text) as { data?: unknown; errors?: unknown };
  } catch {
    return {};
  }
}
