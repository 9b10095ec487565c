import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { clientFrame, opcodes, readServerFrame } from './web-socket-frames.ts';

/** One WebSocket on a bare socket: thousands of them must take little of the machine on which the server is measured. */
export type WebSocketClient = { send(text: string): void; close(): void };

export type WebSocketTarget = {
  port: number;
  /** Of this machine's loopback addresses, the one it comes from. */
  localAddress?: string;
  protocol?: string;
  onText: (text: string) => void;
  onClose: (reason: string) => void;
};

/** Resolves when it is open. */
export async function openWebSocket(target: WebSocketTarget): Promise<WebSocketClient> {
  const { port, localAddress, protocol } = target;
  const origin = localAddress === undefined ? {} : { localAddress };
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...origin });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  const offered = protocol === undefined ? '' : `sec-websocket-protocol: ${protocol}\r\n`;
  socket.write(`${upgrade}${offered}\r\n`);
  await untilUpgraded(socket, target);
  return {
    send: (text) => socket.write(clientFrame(opcodes.text, text)),
    close: () => socket.destroy(),
  };
}

const upgrade =
  'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
  'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

function untilUpgraded(socket: Socket, { onText, onClose }: WebSocketTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    let isOpen = false;
    let reason = 'the connection was cut';
    const takeHead = (): boolean => {
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return false;
      const head = received.toString('latin1', 0, end);
      received = received.subarray(end + 4);
      if (!head.startsWith('HTTP/1.1 101')) reject(new Error(`No socket was opened: ${head}`));
      isOpen = true;
      resolve();
      return true;
    };
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (!isOpen && !takeHead()) return;
      let start = 0;
      for (let frame = readServerFrame(received, 0); frame; frame = readServerFrame(received, start)) {
        start = frame.end;
        if (frame.opcode === opcodes.text) onText(frame.payload.toString());
        else if (frame.opcode === opcodes.ping) socket.write(clientFrame(opcodes.pong, frame.payload));
        else if (frame.opcode === opcodes.close) reason = frame.payload.toString('latin1');
      }
      // A copy: the rest of a large chunk must not keep all of it.
      received = Buffer.from(received.subarray(start));
    });
    socket.once('close', () => {
      reject(new Error(`No socket was opened: ${reason}`));
      onClose(reason);
    });
  });
}
