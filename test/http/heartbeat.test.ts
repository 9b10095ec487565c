import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createHeartbeat } from '../../src/http/socket/heartbeat.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('serves each once in a period, those who came at different times at different times', () => {
  using heartbeat = createHeartbeat(25_000);
  const [early, late] = [{ beat: vi.fn<() => void>() }, { beat: vi.fn<() => void>() }];
  heartbeat.add(early);
  vi.advanceTimersByTime(10_000);
  heartbeat.add(late);
  vi.advanceTimersByTime(15_000);
  expect([early, late].map(({ beat }) => beat.mock.calls.length)).toEqual([1, 0]);
  vi.advanceTimersByTime(10_000);
  expect([early, late].map(({ beat }) => beat.mock.calls.length)).toEqual([1, 1]);
  vi.advanceTimersByTime(100_000);
  expect([early, late].map(({ beat }) => beat.mock.calls.length)).toEqual([5, 5]);
});

it('serves nobody who has left', () => {
  using heartbeat = createHeartbeat(25_000);
  const one = { beat: vi.fn<() => void>() };
  heartbeat.add(one);
  vi.advanceTimersByTime(5_000);
  heartbeat.delete(one);
  vi.advanceTimersByTime(60_000);
  expect(one.beat).not.toHaveBeenCalled();
});
