import type { LoadJob } from './job.ts';
import { prepareLoad, type PreparedLoad } from './run-load.ts';

/** The load generator: a process of its own, told by its parent what to prepare and when to go. */
let prepared: PreparedLoad | null = null;

process.on('message', (message: LoadJob | 'go') => void obey(message));
process.on('disconnect', () => process.exit());

async function obey(message: LoadJob | 'go'): Promise<void> {
  if (message !== 'go') {
    const load = await prepareLoad(message);
    prepared = load;
    process.send?.('ready');
    return;
  }
  const load = prepared;
  prepared = null;
  process.send?.(await load?.go());
}
