import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent } from '../../support/answer-parent.ts';
import { createCallbackOf } from '../../support/callback-of.ts';
import type { ServerAddress } from '../../support/measured-server.ts';
import { seededId } from '../../support/open-payments.ts';
import { openWatcher, type PaymentWatcher } from '../../support/payment-watcher.ts';
import { createPostLanes } from '../../support/post-lanes.ts';
import { sleepUntil } from '../../support/sleep-until.ts';

/** Posts and watches in one process, so that one clock measures from the one to the other. */
let server: ServerAddress | null = null;
/** Who waits for the change of which payment, longest first. */
const ready: { seat: Seat; payment: number }[] = [];
const seats: Seat[] = [];
let nextPayment = 0;
let run = newRun();

/** A watcher, and since when it has been owed its change. */
type Seat = { watcher: PaymentWatcher; writtenAt: number };

type Run = {
  watchedMs: number[];
  answeredMs: number[];
  lateMs: number[];
  troubles: string[];
  starved: number;
  notAnswered200: number;
};

function newRun(): Run {
  return { watchedMs: [], answeredMs: [], lateMs: [], troubles: [], starved: 0, notAnswered200: 0 };
}

const questions = {
  /** So many watchers, each on a payment of its own. */
  async open({ watchers, ...address }: ServerAddress & { watchers: number }) {
    server = address;
    const { port, key } = address;
    for (let opened = 0; opened < watchers; opened += 1) {
      await takeNext(await takeSeat(port, key));
    }
  },
  /**
   * Posts at the times of a clock, whether or not those before are answered. Of each `watchedOneIn` callbacks one is for a
   * payment that is watched.
   */
  async run({
    seconds,
    perSecond,
    watchedOneIn,
  }: {
    seconds: number;
    perSecond: number;
    watchedOneIn: number;
  }) {
    if (server === null) throw new Error('Not open');
    run = newRun();
    const callbackOf = createCallbackOf(server.secret);
    using lanes = createPostLanes(server.port);
    const startedAt = performance.now() + 20;
    const posts: Promise<void>[] = [];
    for (let count = 0; count < seconds * perSecond; count += 1) {
      const dueAt = startedAt + (count * 1000) / perSecond;
      await sleepUntil(dueAt);
      const watched = count % watchedOneIn === 0 ? ready.shift() : undefined;
      if (watched === undefined && count % watchedOneIn === 0) run.starved += 1;
      const payment = watched?.payment ?? nextPayment++;
      const { path, body } = callbackOf(payment);
      const post = lanes.post(path, body);
      const writtenAt = performance.now();
      if (watched) watched.seat.writtenAt = writtenAt;
      run.lateMs.push(writtenAt - dueAt);
      posts.push(post.then(noteAnswer));
    }
    await Promise.all(posts);
    await sleep(500);
    return { ...run, lanes: lanes.opened, payments: nextPayment };
  },
  close() {
    for (const { watcher } of seats) watcher.close();
  },
};

export type LatencyLoad = typeof questions;

function noteAnswer({
  status,
  writtenAt,
  answeredAt,
}: {
  status: number;
  writtenAt: number;
  answeredAt: number;
}) {
  run.answeredMs.push(answeredAt - writtenAt);
  if (status !== 200) run.notAnswered200 += 1;
}

async function takeSeat(port: number, key: string): Promise<Seat> {
  let writtenAt = (): number => Number.NaN;
  let goOn = (): void => undefined;
  const watcher = await openWatcher({
    port,
    credential: key,
    onChange: (at) => run.watchedMs.push(at - writtenAt()),
    onEnd: () => goOn(),
    onTrouble: (trouble) => run.troubles.push(trouble),
  });
  const seat: Seat = { watcher, writtenAt: Number.NaN };
  writtenAt = () => seat.writtenAt;
  goOn = () => void takeNext(seat);
  seats.push(seat);
  return seat;
}

async function takeNext(seat: Seat): Promise<void> {
  const payment = nextPayment++;
  await seat.watcher.watch(seededId(payment));
  ready.push({ seat, payment });
}

answerParent(questions);
