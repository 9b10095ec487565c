import { describe, expect, it, vi } from 'vitest';
import { createPatience } from '../../src/feed/patience.ts';

const away = new Error('connect ECONNREFUSED');

function fail(): never {
  throw away;
}

/** A database of which the test says whether it answers, and how often it was read. */
function setUp() {
  const stopping = new AbortController();
  const state = { answers: false, reads: 0 };
  const databaseAnswers = () => Promise.resolve(state.answers);
  const patiently = createPatience({ databaseAnswers, stopping: stopping.signal, pauseMs: 2 }, 1);
  const read = (work: () => string) =>
    patiently(() => {
      state.reads += 1;
      return Promise.try(work);
    });
  return { stopping, state, patiently, read };
}

describe('a patient read', () => {
  it('waits for a database that is away, and gives what it says when it is back', async () => {
    const { state, read } = setUp();
    const reading = read(() => (state.answers ? 'read' : fail()));
    await vi.waitFor(() => expect(state.reads).toBeGreaterThan(10));
    state.answers = true;
    expect(await reading).toBe('read');
  });

  it('does not wait for a database that answers and refuses', async () => {
    const { state, read } = setUp();
    state.answers = true;
    await expect(read(fail)).rejects.toThrow(away);
    expect(state.reads).toBe(3);
  });

  it('reads nothing for whoever has left when it is his turn', async () => {
    const { state, patiently } = setUp();
    const first = Promise.withResolvers<string>();
    const reading = patiently(() => first.promise);
    let isGone = false;
    const left = expect(
      patiently(
        () => Promise.reject(away),
        () => isGone,
      ),
    ).rejects.toThrow('Nobody waits');
    isGone = true;
    first.resolve('read');
    expect(await reading).toBe('read');
    await left;
    expect(state.reads).toBe(0);
  });

  it('ends when the process stops', async () => {
    const { stopping, state, read } = setUp();
    const stopped = expect(read(fail)).rejects.toThrow(away);
    await vi.waitFor(() => expect(state.reads).toBeGreaterThan(1));
    stopping.abort();
    await stopped;
  });
});
