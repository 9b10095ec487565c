import WebSocket from 'ws';
import { readEvents } from './sse.ts';
import { testKey, type TestApp } from './test-app.ts';

/** What a watcher was told, until the stream ended or was cut. */
export type Watching = {
  name: string;
  /** Ends with the stream; whoever leaves the loop cuts the connection. */
  watch: (app: TestApp, id: string, after: number) => AsyncGenerator<number>;
};

const query = `subscription ($id: ID!, $after: Int) {
  paymentStatus(transactionId: $id, afterSequence: $after) { sequence } }`;

type Message = { type: string; payload?: Result };
type Result = { data?: { paymentStatus: { sequence: number } } | null; errors?: unknown };

const sequenceOf = (result: Result | undefined): number => {
  if (!result?.data) throw new Error(`Not told: ${JSON.stringify(result)}`);
  return result.data.paymentStatus.sequence;
};

/** By hand, to be able to cut it as a network does. */
async function* overWebSocket(app: TestApp, id: string, after: number): AsyncGenerator<number> {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const payload = { query, variables: { id, after } };
  const send = (message: object): void => socket.send(JSON.stringify(message));
  socket.once('open', () =>
    send({ type: 'connection_init', payload: { authorization: `Bearer ${testKey}` } }),
  );
  try {
    for await (const { type, payload: result } of messagesOf(socket)) {
      if (type === 'connection_ack') send({ id: '1', type: 'subscribe', payload });
      else if (type === 'next') yield sequenceOf(result);
      else if (type === 'complete') return;
      else throw new Error(`${type} ${JSON.stringify(result)}`);
    }
  } finally {
    socket.terminate();
  }
}

function messagesOf(socket: WebSocket): ReadableStream<Message> {
  return new ReadableStream<Message>({
    start(controller) {
      socket.on('message', (text: Buffer) => controller.enqueue(JSON.parse(String(text)) as Message));
      socket.on('error', () => undefined);
      socket.once('close', (code) => controller.error(new Error(`Closed with ${String(code)}`)));
    },
  });
}

async function* overSse(app: TestApp, id: string, after: number): AsyncGenerator<number> {
  const cut = new AbortController();
  try {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${testKey}`,
      },
      body: JSON.stringify({ query, variables: { id, after } }),
      signal: cut.signal,
    });
    for await (const { event, data } of readEvents(response)) {
      if (event === 'complete') return;
      yield sequenceOf(JSON.parse(data) as Result);
    }
    throw new Error('The stream was cut');
  } finally {
    cut.abort();
  }
}

export const watchings: readonly Watching[] = [
  { name: 'WebSocket', watch: overWebSocket },
  { name: 'SSE', watch: overSse },
];
