import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { SocketGuard } from '../../src/http/socket/guard-socket.ts';
import { systemClock } from '../../src/lib/clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function guarded() {
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    pause: vi.fn<() => void>(),
    resume: vi.fn<() => void>(),
    terminate: vi.fn<() => void>(),
    close: vi.fn<(code: number, reason: string) => void>(() => {
      socket.readyState = 2;
    }),
  });
  const guard = new SocketGuard(socket as unknown as WebSocket, systemClock);
  for (const frame of ['message', 'ping']) socket.on(frame, () => guard.take());
  return socket;
}

describe('a client on a socket', () => {
  it('is read as fast as it sends, up to a hundred frames', () => {
    const socket = guarded();
    for (let frame = 0; frame < 99; frame += 1) socket.emit(frame % 2 === 0 ? 'message' : 'ping');
    expect(socket.pause).not.toHaveBeenCalled();
  });

  it('that goes on is read at twenty frames a second', () => {
    const socket = guarded();
    for (let frame = 0; frame < 100; frame += 1) socket.emit('message');
    let read = 0;
    socket.resume.mockImplementation(() => {
      read += 1;
      socket.emit('message');
    });
    vi.advanceTimersByTime(10_000);
    expect(read).toBe(200);
    expect(socket.close).not.toHaveBeenCalled();
  });

  it('whose frames came many at a time waits as long as if they had come one by one', () => {
    const socket = guarded();
    for (let frame = 0; frame < 300; frame += 1) socket.emit('ping');
    expect(socket.pause).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(10_000);
    expect(socket.resume).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect(socket.resume).toHaveBeenCalledTimes(1);
  });

  it('that floods is told to stay away, and not answered any more', () => {
    const socket = guarded();
    for (let frame = 0; frame < 6_000; frame += 1) socket.emit('message');
    expect(socket.close).toHaveBeenCalledExactlyOnceWith(4429, 'Too many messages');
    expect(socket.listenerCount('message')).toBe(0);
    expect(socket.listenerCount('ping')).toBe(0);
    vi.runAllTimers();
    expect(socket.terminate).toHaveBeenCalledTimes(1);
  });
});
