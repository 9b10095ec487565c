import { once } from 'node:events';
import { Socket } from 'node:net';
import { readAnswer } from './read-answer.ts';

/** A connection that has one request under way at most, and says when it is answered. */
export type Connection = {
  send(request: Uint8Array): void;
  close(): void;
};

export type ConnectionEvents = {
  answered(status: number, readBody: () => string): void;
  broke(error: Error): void;
};

/** All connections read into this: what is read is dealt with before the next read. */
const received = Buffer.alloc(256 * 1024);

export async function openConnection(port: number, events: ConnectionEvents): Promise<Connection> {
  /** The beginning of an answer that came in pieces. */
  let earlier: Buffer | null = null;
  const socket = new Socket({
    onread: {
      buffer: received,
      callback: (count) => {
        take(count);
        return true;
      },
    },
  });

  function take(count: number): void {
    const piece = received.subarray(0, count);
    const bytes = earlier === null ? piece : Buffer.concat([earlier, piece]);
    const { status, bodyStart, end } = readAnswer(bytes, bytes.length);
    earlier = end === null ? Buffer.from(bytes) : null;
    if (end !== null) events.answered(status, () => bytes.toString('utf8', bodyStart, end));
  }

  socket.connect({ port, host: '127.0.0.1' });
  socket.setNoDelay(true);
  await once(socket, 'connect');
  socket.on('error', (error) => events.broke(error));
  socket.on('end', () => events.broke(new Error('The server closed the connection')));
  return { send: (request) => void socket.write(request), close: () => void socket.destroy() };
}
