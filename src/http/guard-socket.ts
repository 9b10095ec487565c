import type { WebSocket } from 'ws';
import type { Clock } from '../lib/clock.ts';

/** Answers that wait for a client which does not read them, in bytes. */
const unreadBytesMax = 1024 * 1024;
/** How long a slow client may take to hear why it is let go, in milliseconds. */
const farewellMs = 10_000;
/** Frames that are read as fast as they come, and how many a second in the long run: an app subscribes, and then waits. */
const framesAtOnceMax = 100;
const framesPerSecond = 20;
/** Frames read beyond that, which are paid for by waiting. TCP brings thousands at a time where they are small. */
const framesOwedMax = 300;

/** RFC 6455's register: the client is to come back later. */
export const tryAgainLater = 1013;
/** Of graphql-transport-ws: the client is not to come back by itself. */
const tooManyRequests = 4429;

/**
 * Keeps one client from taking the memory or the time of all: whoever reads too slowly is let go; whoever sends too fast
 * is read more slowly, so that what it sends waits on its own side, and is let go if it does not stop.
 */
export function guardSocket(socket: WebSocket, clock: Clock): void {
  let allowance = framesAtOnceMax;
  let countedAt = clock.now().getTime();
  let isPaused = false;

  /** The wait until one more frame may be read, in milliseconds. */
  const wait = (): number => {
    const now = clock.now().getTime();
    // A clock that is set back must take nothing away.
    const earned = (Math.max(0, now - countedAt) / 1_000) * framesPerSecond;
    allowance = Math.min(framesAtOnceMax, allowance + earned);
    countedAt = now;
    return allowance >= 1 ? 0 : Math.ceil(((1 - allowance) / framesPerSecond) * 1_000);
  };
  /** What had been read already goes on coming out, and makes the wait longer. */
  const pause = (): void => {
    const waitMs = isLeaving(socket) ? 0 : wait();
    isPaused = waitMs > 0;
    if (isPaused) setTimeout(pause, waitMs).unref();
    else socket.resume();
  };
  const take = (): void => {
    letGoIfUnread(socket);
    wait();
    allowance -= 1;
    if (allowance < -framesOwedMax) letGo(socket, tooManyRequests, 'Too many messages');
    if (isPaused || isLeaving(socket) || wait() === 0) return;
    socket.pause();
    pause();
  };
  socket.on('message', take);
  socket.on('ping', take);
}

/** To be called before anything is sent. */
export function letGoIfUnread(socket: WebSocket): void {
  if (isLeaving(socket) || socket.bufferedAmount <= unreadBytesMax) return;
  letGo(socket, tryAgainLater, 'Read too slowly: resume with afterSequence');
}

/** Says goodbye, and ends whoever does not hear it. */
export function letGo(socket: WebSocket, code: number, reason: string): void {
  if (isLeaving(socket)) return;
  socket.close(code, reason);
  // It is read on to hear its own goodbye, and nothing more is answered.
  socket.resume();
  socket.removeAllListeners('message');
  socket.removeAllListeners('ping');
  const timer = setTimeout(() => socket.terminate(), farewellMs);
  socket.once('close', () => clearTimeout(timer));
}

function isLeaving(socket: WebSocket): boolean {
  return socket.readyState !== socket.OPEN;
}
