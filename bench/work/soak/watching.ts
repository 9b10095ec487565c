import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerAddress } from '../../support/measured-server.ts';
import { openWatcher, type PaymentWatcher, type WatcherSettings } from '../../support/payment-watcher.ts';

const patienceMs = 30_000;
const stayMsMax = 10_000;

/** Watches a payment until the subscription ends, as it does after its last change. */
export async function watchToEnd(server: ServerAddress, rowId: string): Promise<void> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<true>();
  // A payment that is final already ends at once, before anybody waits for it.
  ended.catch(() => undefined);
  const watcher = await open(server, rowId, {
    onEnd: () => resolve(true),
    onTrouble: (trouble) => reject(new Error(trouble)),
  });
  const impatience = setTimeout(() => reject(new Error('The end was not told')), patienceMs);
  try {
    await ended;
  } finally {
    clearTimeout(impatience);
    watcher.close();
  }
}

/** Leaves after a while, in the middle of it. */
export async function watchAndLeave(server: ServerAddress, rowId: string): Promise<void> {
  const watcher = await open(server, rowId, { onEnd: () => undefined, onTrouble: () => undefined });
  await sleep(Math.random() * stayMsMax);
  watcher.close();
}

async function open(
  { port, key }: ServerAddress,
  rowId: string,
  listeners: Pick<WatcherSettings, 'onEnd' | 'onTrouble'>,
): Promise<PaymentWatcher> {
  const watcher = await openWatcher({ port, credential: key, onChange: () => undefined, ...listeners });
  await watcher.watch(rowId);
  return watcher;
}
