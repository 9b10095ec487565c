import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A status query as M-Pesa's side sees it. */
export type Arrival = { atMs: number; checkoutRequestId: string; status: number };

export type RecordingProxy = AsyncDisposable & { url: string; queries: Arrival[] };

/** Stands in front of the simulator and notes when each status query arrives and how it is answered. */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const queries: Arrival[] = [];
  const server = createServer((request, response) => {
    handOn(target, queries, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    queries,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function handOn(
  target: string,
  queries: Arrival[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const atMs = performance.now();
  const { method = 'GET', url = '/', headers } = request;
  const body = Buffer.concat(await request.toArray()).toString();
  const answer = await fetch(`${target}${url}`, {
    method,
    headers: {
      authorization: headers.authorization ?? '',
      ...(body === '' ? {} : { 'content-type': headers['content-type'] ?? '' }),
    },
    ...(body === '' ? {} : { body }),
  });
  if (url.startsWith('/mpesa/stkpushquery/')) {
    const { CheckoutRequestID } = JSON.parse(body) as { CheckoutRequestID: string };
    queries.push({ atMs, checkoutRequestId: CheckoutRequestID, status: answer.status });
  }
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
  response.end(await answer.text());
}
