import { readEvents } from './sse.ts';
import type { TestApp } from './test-app.ts';

type Problem = { message: string; path?: unknown[]; extensions: { code: string } };
/** What an operation was answered first. */
export type Answer = { data: Record<string, unknown> | null; errors: Problem[] };

export type Asking = {
  name: string;
  /** Whether subscriptions can be asked for. */
  streams: boolean;
  ask: (app: TestApp, asked: Asked) => Promise<Answer>;
};
export type Asked = { query: string; variables?: Record<string, unknown>; credential: string };

type Partly = { data?: Record<string, unknown> | null | undefined; errors?: readonly unknown[] | undefined };

const whole = ({ data, errors }: Partly): Answer => ({
  data: data ?? null,
  errors: [...(errors ?? [])] as Problem[],
});

async function overSse(url: string, init: RequestInit): Promise<Answer> {
  const cut = new AbortController();
  const response = await fetch(url, { ...init, signal: cut.signal });
  try {
    if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream'))
      return whole((await response.json()) as Partly);
    for await (const { event, data } of readEvents(response))
      if (event === 'next') return whole(JSON.parse(data) as Partly);
    throw new Error('The stream ended without an answer');
  } finally {
    cut.abort();
  }
}

/** Every way to ask. A mutation is not asked for by GET. */
export const askings: readonly Asking[] = [
  {
    name: 'HTTP',
    streams: false,
    ask: async (app, { query, variables = {}, credential }) => app.graphql(query, variables, credential),
  },
  {
    name: 'SSE by POST',
    streams: true,
    ask: async (app, { query, variables = {}, credential }) =>
      overSse(`${app.url}/graphql`, {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          'content-type': 'application/json',
          authorization: `Bearer ${credential}`,
        },
        body: JSON.stringify({ query, variables }),
      }),
  },
  {
    name: 'SSE by GET with ?watchToken=',
    streams: true,
    ask: async (app, { query, variables = {}, credential }) => {
      const parameters = { query, variables: JSON.stringify(variables), watchToken: credential };
      return overSse(`${app.url}/graphql?${new URLSearchParams(parameters).toString()}`, {
        headers: { accept: 'text/event-stream' },
      });
    },
  },
  {
    name: 'WebSocket',
    streams: true,
    ask: async (app, { query, variables = {}, credential }) => {
      const client = app.socket(credential);
      try {
        const { value } = await client.iterate({ query, variables }).next();
        return whole((value ?? {}) as Partly);
      } catch (error) {
        // What cannot be executed is told as a list of errors.
        if (Array.isArray(error)) return whole({ errors: error });
        throw error;
      } finally {
        await client.dispose();
      }
    },
  },
];
