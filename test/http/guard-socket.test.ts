import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { guardSocket } from '../../src/http/guard-socket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('whoever asks faster than anybody needs to is read again when the others had their turn', () => {
  const pause = vi.fn<() => void>();
  const resume = vi.fn<() => void>();
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    pause,
    resume,
  });
  guardSocket(socket as unknown as WebSocket);
  for (let round = 1; round <= 3; round += 1) {
    for (let frame = 0; frame < 199; frame += 1) socket.emit(frame % 2 === 0 ? 'message' : 'ping');
    expect(pause).toHaveBeenCalledTimes(round - 1);
    socket.emit('message');
    expect(pause).toHaveBeenCalledTimes(round);
    expect(resume).toHaveBeenCalledTimes(round - 1);
    vi.runAllTimers();
    expect(resume).toHaveBeenCalledTimes(round);
  }
});
