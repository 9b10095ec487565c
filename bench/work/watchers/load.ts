import { setTimeout as sleep } from 'node:timers/promises';
import { makeWatchToken } from '../../../src/access/watch-token.ts';
import { deriveKey } from '../../../src/config/kept-secret.ts';
import { Masked } from '../../../src/lib/masked.ts';
import { answerParent } from '../../support/answer-parent.ts';
import { createCallbackOf } from '../../support/callback-of.ts';
import { seededId } from '../../support/open-payments.ts';
import { openWatcher } from '../../support/payment-watcher.ts';
import { createPostLanes } from '../../support/post-lanes.ts';
import { sleepUntil } from '../../support/sleep-until.ts';
import { openWebSocket } from '../../support/web-socket-client.ts';

/** Payments by their numbers: `count` from `first` on. */
export type Range = { first: number; count: number };

/** Who has not said yet who he is counts against his address: Malipo takes 20 from each at a time. */
const addresses = Array.from({ length: 10 }, (_, index) => `127.0.0.${index + 1}`);
const openingAtOnce = 100;
const patienceMs = 20_000;

const open = new Set<{ close(): void }>();
const tokenOf = new Map<number, string>();
let heard = 0;
const troubles: string[] = [];

const questions = {
  /** Before any time is taken. */
  async makeTokens({ secret, first, count }: Range & { secret: string }) {
    const key = deriveKey(new Masked(secret), 'watch-token');
    tokenOf.clear();
    for (let number = first; number < first + count; number += 1)
      tokenOf.set(number, (await makeWatchToken(key, seededId(number), new Date())).watchToken);
  },
  /** Each by a socket of its own, with a watch token of its own. Answers with the seconds that it took. */
  async watch({ port, first, count }: Range & { port: number }) {
    return inParallel(count, async (index) => {
      const watcher = await openWatcher({
        port,
        credential: tokenOf.get(first + index) ?? '',
        localAddress: addressOf(index),
        onChange: () => (heard += 1),
        onEnd: () => undefined,
        onTrouble: (trouble) => troubles.push(trouble),
      });
      open.add(watcher);
      await watcher.watch(seededId(first + index));
    });
  },
  /** Sockets on which nothing is said. */
  async openBare({ port, count }: { port: number; count: number }) {
    return inParallel(count, async (index) => {
      const localAddress = addressOf(index);
      const bare: { close(): void } = await openWebSocket({
        port,
        localAddress,
        onText: () => undefined,
        // Not of those that we close: that is heard of later.
        onClose: (reason) => open.has(bare) && troubles.push(reason),
      });
      open.add(bare);
    });
  },
  /** So many a second, or as fast as they are answered, 64 at once; until all who watch have heard. */
  async post({ secret, port, perSecond, isWatched, ...range }: PostOrder) {
    heard = 0;
    await (perSecond === null ? postClosed(range, secret, port) : postOpen(range, secret, port, perSecond));
    for (const giveUpAt = performance.now() + patienceMs; isWatched && heard < range.count; await sleep(5))
      if (performance.now() > giveUpAt) throw new Error(`Of ${range.count} watchers ${heard} heard`);
    const [trouble] = troubles;
    if (trouble !== undefined) throw new Error(`A watcher was told what nobody expected: ${trouble}`);
  },
  closeAll() {
    const closing = [...open];
    open.clear();
    for (const client of closing) client.close();
    troubles.length = 0;
  },
};

export type PostOrder = Range & {
  secret: string;
  port: number;
  perSecond: number | null;
  isWatched: boolean;
};
export type WatchersLoad = typeof questions;

function addressOf(index: number): string {
  return addresses[index % addresses.length] ?? '127.0.0.1';
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const workOn = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: openingAtOnce }, workOn));
  return (performance.now() - startedAt) / 1000;
}

async function postClosed({ first, count }: Range, secret: string, port: number): Promise<void> {
  using lanes = createPostLanes(port);
  const callbackOf = createCallbackOf(secret);
  let next = 0;
  const postOn = async (): Promise<void> => {
    while (next < count) {
      const { path, body } = callbackOf(first + next++);
      assertKept(await lanes.post(path, body));
    }
  };
  await Promise.all(Array.from({ length: 64 }, postOn));
}

async function postOpen(
  { first, count }: Range,
  secret: string,
  port: number,
  perSecond: number,
): Promise<void> {
  using lanes = createPostLanes(port);
  const callbackOf = createCallbackOf(secret);
  const startedAt = performance.now();
  const posts: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    const dueAt = startedAt + (index * 1000) / perSecond;
    await sleepUntil(dueAt);
    const { path, body } = callbackOf(first + index);
    posts.push(lanes.post(path, body).then(assertKept));
  }
  await Promise.all(posts);
}

function assertKept({ status }: { status: number }): void {
  if (status !== 200) throw new Error(`A callback was answered with ${status}`);
}

answerParent(questions);
