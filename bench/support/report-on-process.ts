import { Session } from 'node:inspector/promises';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';
import { answerParent } from './answer-parent.ts';

/**
 * To be loaded with `--import` and `--expose-gc` before any program: tells the process that started it what it takes,
 * of which the program itself knows nothing.
 */
const session = new Session();

const questions = {
  /** In bytes, after the garbage was collected. */
  async memory() {
    // What a finalizer frees is garbage only then.
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc?.();
      await sleep(50);
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heapUsed, external };
  },
  /** Since the process began, in microseconds. */
  cpuUs() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  async profile() {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 500 });
    await session.post('Profiler.start');
  },
  async endProfile(file: string) {
    const { profile } = await session.post('Profiler.stop');
    await writeFile(file, JSON.stringify(profile));
    session.disconnect();
  },
  heapSnapshot(file: string) {
    writeHeapSnapshot(file);
  },
};

export type ProcessReport = typeof questions;

answerParent(questions);
// Being asked must not keep a program from ending by itself.
process.channel?.unref();
