import { WebSocket, type RawData } from 'ws';

/** What becomes of one socket. */
export type SocketEvents = {
  receive(data: RawData): void;
  hearPing(): void;
  hearPong(): void;
  /** After which the socket is no more. */
  end(): void;
};

/** A socket that knows its session, so that one listener serves all sockets. */
export class ClientSocket extends WebSocket {
  session: SocketEvents | null = null;
}

/** Has a socket's session hear of all that is said on it. */
export function listen(socket: WebSocket): void {
  socket.on('message', onMessage);
  socket.on('ping', onPing);
  socket.on('pong', onPong);
}

/** Has a socket's session hear of its end. Whatever breaks it, ws closes it with the right code. */
export function listenForEnd(socket: WebSocket): void {
  socket.on('error', ignore);
  socket.on('close', onClose);
}

function onMessage(this: WebSocket, data: RawData): void {
  sessionOf(this)?.receive(data);
}

function onPing(this: WebSocket): void {
  sessionOf(this)?.hearPing();
}

function onPong(this: WebSocket): void {
  sessionOf(this)?.hearPong();
}

function onClose(this: WebSocket): void {
  sessionOf(this)?.end();
}

function ignore(): void {
  // On purpose.
}

function sessionOf(socket: WebSocket): SocketEvents | null {
  return socket instanceof ClientSocket ? socket.session : null;
}
