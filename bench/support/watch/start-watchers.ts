import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type WatchTask = { port: number; watchers: { id: string; token: string }[] };

export type WatchReport = { opened: number; paid: number };

export type Watchers = Disposable & {
  /** Resolves when each watches. */
  watch(task: WatchTask): Promise<void>;
  /** How many saw their payment paid until now; they are gone then. */
  report(): Promise<WatchReport>;
};

/** For what is on its way. */
const pauseMs = 300;

/** People who watch, in a process of their own. */
export function startWatchers(): Watchers {
  const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)));
  return {
    async watch(task) {
      child.send(task);
      await once(child, 'message');
    },
    async report() {
      await sleep(pauseMs);
      child.send('report');
      const [report] = (await once(child, 'message')) as [WatchReport];
      return report;
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}
