import { expect, it } from 'vitest';
import { createTaskSet } from '../../src/lib/task-set.ts';

it('drains when what is under way has ended, and what that began', async () => {
  const tasks = createTaskSet(() => undefined);
  const ended: string[] = [];
  let finish: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (finish = resolve)).then(() => {
    ended.push('first');
    tasks.add(Promise.resolve().then(() => ended.push('second')));
  });
  tasks.add(first);
  const drained = tasks.drain();
  finish();
  await drained;
  expect(ended).toEqual(['first', 'second']);
});

it('reports a task that fails, and drains', async () => {
  const errors: unknown[] = [];
  const tasks = createTaskSet((error) => errors.push(error));
  const failure = new Error('no');
  tasks.add(Promise.reject(failure));
  await tasks.drain();
  expect(errors).toEqual([failure]);
});

it('is drained when it has nothing to do', async () => {
  await expect(createTaskSet(() => undefined).drain()).resolves.toBeUndefined();
});
