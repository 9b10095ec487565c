import type { WebSocket } from 'ws';

/** Answers that wait for a client which does not read them, in bytes. */
const unreadBytesMax = 1024 * 1024;
/** Frames that one client gets answered in one go before the others have their turn. */
const framesAtOnceMax = 200;
const turnMs = 100;
/** How long a slow client may take to hear why it is let go, in milliseconds. */
const farewellMs = 10_000;

/** RFC 6455's register: the client is to come back later. */
export const tryAgainLater = 1013;

/**
 * Keeps one client from taking the memory or the time of all: whoever reads too slowly is let go, and whoever asks too
 * fast is read more slowly. What ws limits itself are pings of its own layer whose answers are not read.
 */
export function guardSocket(socket: WebSocket): void {
  let frames = 0;
  const beginTurn = (): void => {
    frames = 0;
    socket.resume();
  };
  const take = (): void => {
    letGoIfUnread(socket);
    frames += 1;
    if (frames === 1) setTimeout(beginTurn, turnMs).unref();
    if (frames === framesAtOnceMax) socket.pause();
  };
  socket.on('message', take);
  socket.on('ping', take);
}

/** To be called before anything is sent. */
export function letGoIfUnread(socket: WebSocket): void {
  if (socket.bufferedAmount > unreadBytesMax)
    letGo(socket, tryAgainLater, 'Read too slowly: resume with afterSequence');
}

/** Closes a socket whose client may not read, or not answer, with what it is to do. */
export function letGo(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.close(code, reason);
  // Nothing more is answered while it drains.
  socket.removeAllListeners('message');
  socket.removeAllListeners('ping');
  const timer = setTimeout(() => socket.terminate(), farewellMs);
  socket.once('close', () => clearTimeout(timer));
}
