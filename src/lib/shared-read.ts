import { createBatcher } from './batcher.ts';

/** Reads under way at a time: one that gets no answer must not hold up all the others. */
const readsAtOnce = 2;

/**
 * Answers all who ask at the same time by one read: a crowd takes one connection, a lone caller waits for nobody, and what
 * was committed before a question was asked is seen by its answer. When a read fails so do those who wait for the next:
 * an outage is told to each of them at once, and not to one crowd after the other.
 */
export function createSharedRead<Question, Answer>(
  read: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  sizeMax: number,
): (question: Question) => Promise<Answer> {
  let failures = 0;
  const batcher = createBatcher<Question, Answer>(
    async (questions) => {
      try {
        return await read(questions);
      } catch (error) {
        failures += 1;
        throw error;
      }
    },
    { sizeMax, atOnce: readsAtOnce, maySplit: () => false },
  );
  return (question) => {
    const before = failures;
    return batcher.add(question, () => failures === before);
  };
}
