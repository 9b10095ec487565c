import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Connection, Ending } from '../../access/connections/connection.ts';
import type { Viewer } from '../../access/viewer.ts';
import { letGo } from './guard-socket.ts';

const closings: Record<Ending, { code: number; reason: string }> = {
  'credential-ended': { code: CloseCode.Forbidden, reason: 'Forbidden' },
  // RFC 6455: going away. Clients connect again at once.
  'too-old': { code: 1001, reason: 'Connect again' },
};

/** A socket that was let in. It can be closed by what becomes of its credential. */
export class SocketConnection implements Connection {
  readonly viewer: Viewer;
  readonly oldAtMs: number;
  answering = 0;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, viewer: Viewer, oldAtMs: number) {
    this.viewer = viewer;
    this.oldAtMs = oldAtMs;
    this.#socket = socket;
  }

  close(ending: Ending): void {
    letGo(this.#socket, closings[ending].code, closings[ending].reason);
  }
}
