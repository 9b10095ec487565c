import type { Questions } from './child-process.ts';

type Question = { number: number; name: string; data: never };

/** Lets the process that started this one ask it; goes on until that one ends. */
export function answerParent(questions: Questions): void {
  process.on('message', (message) => void answer(questions, message as Question));
  process.once('disconnect', () => process.exit());
}

async function answer(questions: Questions, { number, name, data }: Question): Promise<void> {
  try {
    const result = await questions[name]?.(data);
    process.send?.({ number, result });
  } catch (error) {
    process.send?.({
      number,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
}
