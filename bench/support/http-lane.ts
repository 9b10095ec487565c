import { connect, type Socket } from 'node:net';

export type LaneAnswer = { status: number; writtenAt: number; answeredAt: number };

/** One connection over which one post after the other goes. Times are those of `performance.now()`. */
export type HttpLane = { post(path: string, body: string): Promise<LaneAnswer>; close(): void };

type Waiting = { writtenAt: number; resolve: (answer: LaneAnswer) => void; reject: (error: Error) => void };

/**
 * So little of HTTP that the moment is known in which a post is handed to the socket, and that it costs the machine little
 * on which the server is measured. Knows answers with a `content-length` alone.
 */
export function openLane(port: number, headers: Readonly<Record<string, string>>): HttpLane {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let waiting: Waiting | null = null;
  let received = '';
  socket.on('data', (chunk) => {
    const answeredAt = performance.now();
    received += chunk.toString('latin1');
    const status = statusOf(received);
    if (status === null || waiting === null) return;
    const { writtenAt, resolve } = waiting;
    received = '';
    waiting = null;
    resolve({ status, writtenAt, answeredAt });
  });
  const fail = (): void => waiting?.reject(new Error('A connection broke'));
  socket.on('error', fail);
  socket.on('close', fail);
  return {
    post: (path, body) =>
      new Promise((resolve, reject) => {
        const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${lines.join('')}`;
        const text = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
        waiting = { writtenAt: performance.now(), resolve, reject };
        socket.write(text);
      }),
    close: () => socket.destroy(),
  };
}

/** Null while the answer is not whole. */
function statusOf(received: string): number | null {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, headEnd))?.[1];
  if (length === undefined) throw new Error(`An answer has no length: ${received.slice(0, headEnd)}`);
  return received.length < headEnd + 4 + Number(length) ? null : Number(received.slice(9, 12));
}
