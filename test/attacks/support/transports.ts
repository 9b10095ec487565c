import { once } from 'node:events';
import WebSocket from 'ws';
import { readEvents } from '../../support/sse.ts';
import { testKey, type TestApp } from '../../support/test-app.ts';

export type Request = {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
  /** As it is to be sent beside them. */
  [name: string]: unknown;
};

export type AnsweredError = { message: string; path?: unknown[]; extensions: Record<string, unknown> };

/** What the first answer of an operation says, without what differs from one request to the next. */
export type Verdict = { data: Record<string, unknown> | null; errors: AnsweredError[] };

export type Transport = {
  name: 'HTTP' | 'SSE' | 'WebSocket';
  ask: (app: TestApp, request: Request, credential?: string) => Promise<Verdict>;
};

type Answer = { data?: Record<string, unknown> | null; errors?: AnsweredError[] };

function verdictOf({ data = null, errors = [] }: Answer): Verdict {
  return {
    data,
    errors: errors.map(({ message, path, extensions }) => {
      const { requestId: _requestId, ...others } = extensions;
      return { message, ...(path ? { path } : {}), extensions: others };
    }),
  };
}

function post(app: TestApp, request: Request, credential: string, accept: string): Promise<Response> {
  return fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify(request),
  });
}

const http: Transport = {
  name: 'HTTP',
  async ask(app, request, credential = testKey) {
    const response = await post(app, request, credential, 'application/json');
    return verdictOf((await response.json()) as Answer);
  },
};

const sse: Transport = {
  name: 'SSE',
  async ask(app, request, credential = testKey) {
    const response = await post(app, request, credential, 'text/event-stream');
    for await (const { event, data } of readEvents(response))
      if (event === 'next') return verdictOf(JSON.parse(data) as Answer);
    throw new Error('The stream ended without an answer');
  },
};

const webSocket: Transport = {
  name: 'WebSocket',
  async ask(app, request, credential = testKey) {
    await using socket = await openSocket(app, credential);
    return await socket.ask(request);
  },
};

export const transports: readonly Transport[] = [http, sse, webSocket];

export type Message = { id?: string; type: string; payload?: unknown };

/** A socket that was let in, by hand: to send what no client library would. */
export type Socket = AsyncDisposable & {
  raw: WebSocket;
  /** What came so far. */
  messages: Message[];
  closed: Promise<{ code: number; reason: string }>;
  send: (message: unknown) => void;
  next: (isIt: (message: Message) => boolean) => Promise<Message>;
  ask: (request: Request, id?: string) => Promise<Verdict>;
};

export async function openSocket(app: TestApp, credential: string | null = testKey): Promise<Socket> {
  const socket = await openRawSocket(app);
  if (credential === null) return socket;
  socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${credential}` } });
  await socket.next(({ type }) => type === 'connection_ack');
  return socket;
}

let asked = 0;

export async function openRawSocket(
  app: TestApp,
  headers: Record<string, string> = {},
  protocol = 'graphql-transport-ws',
): Promise<Socket> {
  const raw = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, protocol, { headers });
  const messages: Message[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    raw.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  raw.on('message', (text: Buffer) => {
    messages.push(JSON.parse(String(text)) as Message);
    raw.emit('told');
  });
  await once(raw, 'open');
  raw.on('error', () => undefined);
  const send = (message: unknown): void => raw.send(JSON.stringify(message));
  const next: Socket['next'] = async (isIt) => {
    for (;;) {
      const found = messages.find(isIt);
      if (found !== undefined) return found;
      await Promise.race([new Promise((resolve) => raw.once('told', resolve)), closed.then(failToHear)]);
    }
  };
  return {
    raw,
    messages,
    closed,
    send,
    next,
    async ask(request, id = `ask-${String((asked += 1))}`) {
      send({ id, type: 'subscribe', payload: request });
      const { type, payload } = await next((message) => message.id === id);
      send({ id, type: 'complete' });
      return verdictOf(type === 'error' ? { errors: payload as AnsweredError[] } : (payload as Answer));
    },
    async [Symbol.asyncDispose]() {
      raw.close();
      await closed;
    },
  };
}

function failToHear({ code, reason }: { code: number; reason: string }): never {
  throw new Error(`The socket was closed: ${code} ${reason}`);
}
