import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadJob, LoadResult } from './job.ts';

export type LoadGenerator = Disposable & {
  /** `before` is called when all is ready, and `after` right after the last answer. */
  run(
    job: LoadJob,
    around?: { before: () => Promise<void>; after: () => Promise<void> },
  ): Promise<LoadResult>;
};

/** One process for all loads of a work, so that each but the first finds it warm. */
export function startLoad(): LoadGenerator {
  const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)), {
    execArgv: ['--max-semi-space-size=64'],
  });
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) throw new Error(`The load generator ended with ${code}`);
  });
  return {
    async run(job, around) {
      child.send(job);
      await once(child, 'message');
      await around?.before();
      child.send('go');
      const [result] = (await once(child, 'message')) as [LoadResult];
      await around?.after();
      return result;
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}
