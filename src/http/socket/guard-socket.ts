import type { WebSocket } from 'ws';
import type { Clock } from '../../lib/clock.ts';

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
export class SocketGuard {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  #allowance = framesAtOnceMax;
  #countedAt: number;
  #isPaused = false;

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#countedAt = clock.now().getTime();
  }

  /** To be called with each message and each ping. */
  take(): void {
    const socket = this.#socket;
    letGoIfUnread(socket);
    this.#wait();
    this.#allowance -= 1;
    if (this.#allowance < -framesOwedMax) letGo(socket, tooManyRequests, 'Too many messages');
    if (this.#isPaused || isLeaving(socket) || this.#wait() === 0) return;
    socket.pause();
    this.#pause();
  }

  /** The wait until one more frame may be read, in milliseconds. */
  #wait(): number {
    const now = this.#clock.now().getTime();
    // A clock that is set back must take nothing away.
    const earned = (Math.max(0, now - this.#countedAt) / 1_000) * framesPerSecond;
    this.#allowance = Math.min(framesAtOnceMax, this.#allowance + earned);
    this.#countedAt = now;
    return this.#allowance >= 1 ? 0 : Math.ceil(((1 - this.#allowance) / framesPerSecond) * 1_000);
  }

  /** What had been read already goes on coming out, and makes the wait longer. */
  #pause(): void {
    const waitMs = isLeaving(this.#socket) ? 0 : this.#wait();
    this.#isPaused = waitMs > 0;
    if (this.#isPaused) setTimeout(() => this.#pause(), waitMs).unref();
    else this.#socket.resume();
  }
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
