import { expect, it } from 'vitest';
import { createSharedRead } from '../../src/lib/shared-read.ts';

/** Reads that answer when they are told to. */
function heldReads() {
  const reads: { questions: readonly string[]; answer(): void; fail(): void }[] = [];
  const read = createSharedRead<string, string>((questions) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    reads.push({
      questions,
      answer: () => resolve(questions.map((question) => `answer to ${question}`)),
      fail: () => reject(new Error('away')),
    });
    return promise;
  }, 100);
  return { reads, read };
}

it('a read that fails tells all who share it and all who wait for the next, which is not begun', async () => {
  const { reads, read } = heldReads();
  const first = read('a');
  await expect.poll(() => reads.length).toBe(1);
  const second = [read('b'), read('c')];
  await expect.poll(() => reads.length).toBe(2);
  const waiting = [read('d'), read('e')];
  const all = Promise.allSettled([...second, ...waiting]);
  reads[1]?.fail();
  expect((await all).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
  reads[0]?.answer();
  expect(await first).toBe('answer to a');
  expect(reads.map(({ questions }) => questions)).toEqual([['a'], ['b', 'c']]);
});

it('who asks after a read has failed is answered by the next', async () => {
  const { reads, read } = heldReads();
  const lost = read('a');
  await expect.poll(() => reads.length).toBe(1);
  reads[0]?.fail();
  await expect(lost).rejects.toThrow('away');
  const found = read('b');
  await expect.poll(() => reads.length).toBe(2);
  reads[1]?.answer();
  expect(await found).toBe('answer to b');
});
