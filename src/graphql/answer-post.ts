import { GraphQLError, type ExecutionResult } from 'graphql';
import { getSSEProcessor, isAsyncIterable, processRegularResult } from 'graphql-yoga';
import type { Graphql, RequestContext } from './yoga.ts';

export type Post = {
  /** The body as it came. */
  text: string;
  /** The header `accept`. */
  accept: string | undefined;
};

export type PostAnswer = {
  status: number;
  headers: { [name: string]: string };
  /** A stream of events where there is one. */
  body: string | ReadableStream;
};

const json = 'application/json';
/** The newer type, in which the status of an answer says whether anything of the operation ran. */
const graphqlJson = 'application/graphql-response+json';
const events = 'text/event-stream';

/** What a client that accepts it is answered with; the first that it names counts. */
const answeredWith = new Map([
  [json, json],
  [graphqlJson, graphqlJson],
  ['application/*', json],
  ['*/*', json],
]);

/**
 * GraphQL over HTTP for a body of JSON, through Yoga's pipeline and not through its HTTP adapter: that makes a request and
 * a response of the Fetch API of each, and lists every character of the body on the way.
 */
export async function answerPost(
  { yoga, maskError }: Graphql,
  { text, accept }: Post,
  context: RequestContext,
): Promise<PostAnswer> {
  const accepted = typesIn(accept);
  const type = accepted.map((name) => answeredWith.get(name)).find((name) => name !== undefined);
  const takesEvents = [events, 'text/*', '*/*'].some((name) => accepted.includes(name));
  // Before anything is done that nobody could be told of.
  if (type === undefined && !takesEvents) return notAcceptable(context);
  const result = await run(yoga, text, context).catch((error: unknown) => ({ errors: [maskError(error)] }));
  if (isAsyncIterable(result) || type === undefined) {
    // A subscription that nobody reads has not begun.
    if (!takesEvents) return notAcceptable(context);
    return fromResponse(await processEvents(result, yoga.fetchAPI, events));
  }
  if (result.errors !== undefined) return fromResponse(processRegularResult(result, yoga.fetchAPI, type));
  return { status: 200, headers: { 'content-type': `${type}; charset=utf-8` }, body: JSON.stringify(result) };
}

type Result = ExecutionResult | AsyncIterable<ExecutionResult>;

const processEvents = getSSEProcessor();

function notAcceptable({ requestId }: RequestContext): PostAnswer {
  const message = `Accept one of ${[json, graphqlJson, events].join(', ')}.`;
  const errors = [{ message, extensions: { code: 'NOT_ACCEPTABLE', requestId } }];
  const headers = { 'content-type': `${json}; charset=utf-8` };
  return { status: 406, headers, body: JSON.stringify({ errors }) };
}

/** Types in the order in which they are named; those with a charset other than UTF-8 are none. */
function typesIn(accept = ''): string[] {
  return (accept || '*/*')
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';').map((text) => text.trim()))
    .filter(([, ...parameters]) => !parameters.some((text) => /^charset=(?!utf-8$)/.test(text)))
    .map(([type = '']) => type);
}

export async function fromResponse(response: Response): Promise<PostAnswer> {
  const { status, headers, body } = response;
  const isStream = headers.get('content-type')?.startsWith(events) === true;
  return {
    status,
    headers: Object.fromEntries(headers),
    body: isStream && body !== null ? body : await response.text(),
  };
}

async function run(yoga: Graphql['yoga'], text: string, context: RequestContext): Promise<Result> {
  const params = readParams(text);
  // All that Yoga's own plugins ask a request for once it is read.
  const request = { method: 'POST' } as Request;
  return (await yoga.getResultForParams({ params, request }, context)) as Result;
}

function readParams(text: string): object {
  const params = parseJson(text);
  if (Array.isArray(params)) throw badRequest('Batching is not supported.');
  if (typeof params !== 'object' || params === null) throw badRequest('The body is to be a JSON object.');
  return params;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw badRequest('The body is no JSON.');
  }
}

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } });
}
