import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../../support/child-process.ts';
import { startMeasuredServer, type MeasuredServer } from '../../support/measured-server.ts';
import { seedOpenPayments } from '../../support/open-payments.ts';
import { makeMigratedDatabase } from '../../support/pooled-database.ts';
import type { Range, WatchersLoad } from './load.ts';
import { memoryPerWatcher, type MemoryPerWatcher } from './memory-per-watcher.ts';

export type MalipoRound = MemoryPerWatcher & {
  /** CPU for one delivery in a process that watches alone, beyond what it takes when nothing happens. */
  apartUs: number;
  /** Of each after the first third, by when the process has grown as it does once. */
  furtherKb: number;
  connectsPerSecond: number;
  connectCpuUs: number;
  idleCpuMsPerSecond: number;
  /** CPU of the server for one delivery beyond that for its callback. */
  fanOutUs: Record<Pace, number>;
  callbackUs: Record<Pace, number>;
  leftKb: number;
};

/** Callbacks at a fixed rate, and as fast as they are answered. */
export type Pace = 'steady' | 'crowd';
const paces: Record<Pace, number | null> = { steady: 500, crowd: null };

const warmUp = { watchers: 300, callbacks: 6_000 };
const idleSeconds = 6;

type Round = { load: Child<WatchersLoad>; server: MeasuredServer; count: number };

/**
 * `count` idle watchers of a fresh Malipo with its limits on; then their payments are settled. Profiles of the two go to
 * `profilesTo`, where that is given: they take time of their own.
 */
export async function measureMalipo(
  load: Child<WatchersLoad>,
  count: number,
  profilesTo: string | undefined,
): Promise<MalipoRound> {
  await using database = await makeMigratedDatabase('watchers');
  await seedOpenPayments(database.pool, 0, 2 * count + 2 * warmUp.watchers + warmUp.callbacks);
  await using server = await startMeasuredServer(database.url, { RATE_LIMITS: 'on' });
  const round = { load, server, count };
  await warmUpConnecting(round);
  await load.ask('makeTokens', { secret: server.secret, first: 0, count });
  const before = await server.ask('memory');
  await using profiles = await profile(server, profilesTo, 'connect');
  const third = Math.floor(count / 3);
  const connect = (range: Range) => load.ask('watch', { port: server.port, ...range });
  await connect({ first: 0, count: third });
  const between = await server.ask('memory');
  const rest = { first: third, count: count - third };
  const connected = await withCpu(server, () => connect(rest));
  await profiles.end();
  const all = await server.ask('memory');
  const idle = await withCpu(server, () => sleep(idleSeconds * 1000));
  await warmUpSettling(round);
  await using fanOutProfile = await profile(server, profilesTo, 'fan-out');
  const steady = await measureFanOut(round, 'steady', 0);
  const crowd = await measureFanOut(round, 'crowd', Math.floor(count / 3));
  const idleCpuMsPerSecond = idle.cpuUs / idleSeconds / 1000;
  const apartUs = await measureApart(round, database.url, idleCpuMsPerSecond);
  await fanOutProfile.end();
  await load.ask('closeAll');
  await sleep(2_000);
  return {
    ...memoryPerWatcher(before, all, count),
    furtherKb: memoryPerWatcher(between, all, rest.count).rssKb,
    connectsPerSecond: rest.count / connected.result,
    connectCpuUs: connected.cpuUs / rest.count,
    idleCpuMsPerSecond,
    apartUs,
    fanOutUs: { steady: steady.fanOutUs, crowd: crowd.fanOutUs },
    callbackUs: { steady: steady.callbackUs, crowd: crowd.callbackUs },
    leftKb: memoryPerWatcher(before, await server.ask('memory'), count).heapKb,
  };
}

/** With payments behind those that are measured; few callbacks, which would leave room that watchers then fill unseen. */
async function warmUpConnecting({ load, server, count }: Round): Promise<void> {
  const { secret, port } = server;
  const range = { first: 2 * count, count: warmUp.watchers };
  await load.ask('makeTokens', { secret, ...range });
  await load.ask('watch', { port, ...range });
  await load.ask('post', { secret, port, perSecond: null, ...range, isWatched: true });
  await load.ask('closeAll');
  await sleep(1_000);
}

async function warmUpSettling({ load, server, count }: Round): Promise<void> {
  const { secret, port } = server;
  const range = { first: 2 * count + warmUp.watchers + warmUp.callbacks / 2, count: warmUp.callbacks / 2 };
  await load.ask('post', { secret, port, perSecond: null, ...range, isWatched: false });
}

/**
 * Another process settles, and this one only hears of it: what it takes then is for the deliveries alone, and need not be
 * told from what callbacks take.
 */
async function measureApart({ load, server, count }: Round, databaseUrl: string, idleCpuMsPerSecond: number) {
  await using settler = await startMeasuredServer(databaseUrl, { RATE_LIMITS: 'on' });
  const { secret, port } = settler;
  const range = { first: 2 * count + warmUp.watchers, count: warmUp.callbacks / 2 };
  await load.ask('post', { secret, port, perSecond: null, ...range, isWatched: false });
  const first = 4 * Math.floor(count / 6);
  const order = { secret, port, perSecond: paces.steady, first, count: count - first, isWatched: true };
  const startedAt = performance.now();
  const { cpuUs } = await withCpu(server, () => load.ask('post', order));
  const idleUs = (performance.now() - startedAt) * idleCpuMsPerSecond;
  return (cpuUs - idleUs) / order.count;
}

/** Without watchers, with, with, without, so that what changes meanwhile counts for both; from payment `first` on. */
async function measureFanOut({ load, server, count }: Round, pace: Pace, first: number) {
  const { secret, port } = server;
  const size = Math.floor(count / 6);
  const cpuOf = async (isWatched: boolean, start: number): Promise<number> => {
    const order = { secret, port, perSecond: paces[pace], isWatched, first: start, count: size };
    return (await withCpu(server, () => load.ask('post', order))).cpuUs / size;
  };
  const plain = await cpuOf(false, count + first);
  const watched = [await cpuOf(true, first), await cpuOf(true, first + size)];
  const callbackUs = (plain + (await cpuOf(false, count + first + size))) / 2;
  return { callbackUs, fanOutUs: ((watched[0] ?? 0) + (watched[1] ?? 0)) / 2 - callbackUs };
}

async function withCpu<T>(
  server: MeasuredServer,
  work: () => Promise<T>,
): Promise<{ result: T; cpuUs: number }> {
  const before = await server.ask('cpuUs');
  const result = await work();
  return { result, cpuUs: (await server.ask('cpuUs')) - before };
}

async function profile(server: MeasuredServer, folder: string | undefined, name: string) {
  if (folder !== undefined) await server.ask('profile');
  let isRunning = folder !== undefined;
  const end = async (): Promise<void> => {
    if (!isRunning) return;
    isRunning = false;
    await server.ask('endProfile', join(folder ?? '', `watchers-${name}.cpuprofile`));
  };
  return { end, [Symbol.asyncDispose]: end };
}
