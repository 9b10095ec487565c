import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../src/commands/crash-test/servers/free-port.ts';
import { startChild, type Child } from '../../support/child-process.ts';
import type { ProcessReport } from '../../support/report-on-process.ts';
import type { WatchersLoad } from './load.ts';
import { memoryPerWatcher, type MemoryPerWatcher } from './memory-per-watcher.ts';

/** The same number of idle connections to a bare `ws` server. */
export async function measureBareWs(load: Child<WatchersLoad>, count: number): Promise<MemoryPerWatcher> {
  const port = await freePort();
  await using server = startChild<ProcessReport>(new URL('bare-ws-server.ts', import.meta.url), {
    arguments: [
      '--expose-gc',
      '--import',
      new URL('../../support/report-on-process.ts', import.meta.url).href,
    ],
    env: { PATH: process.env['PATH'], PORT: String(port) },
  });
  // Until it listens, which it does not tell.
  await sleep(3_000);
  await load.ask('openBare', { port, count: 300 });
  await load.ask('closeAll');
  await sleep(500);
  const before = await server.ask('memory');
  await load.ask('openBare', { port, count });
  const after = await server.ask('memory');
  await load.ask('closeAll');
  return memoryPerWatcher(before, after, count);
}
