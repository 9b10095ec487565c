import type { WebSocket } from 'ws';

/**
 * Takes away what graphql-ws prints on the terminal, which anyone could fill: that a frame was none, for which ws itself
 * closes the socket with the right code, and that a client which has left could not be told.
 */
export function quietenSocket(socket: WebSocket): void {
  socket.removeAllListeners('error');
  socket.on('error', () => undefined);
  const send: (data: string, sent: () => void) => void = socket.send.bind(socket);
  const sendQuietly = (data: string, sent?: () => void): void => send(data, () => sent?.());
  socket.send = sendQuietly as WebSocket['send'];
}
