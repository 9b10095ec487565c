import { randomBytes } from 'node:crypto';
import { Balancer } from './load/balancer.ts';
import { Payers } from './load/payers.ts';
import { Watchers } from './load/watchers.ts';
import type { Options } from './options.ts';
import { createRandom } from './random.ts';
import { startMalipo, type Malipo } from './servers/malipo.ts';
import { startPostgres, type Postgres } from './servers/postgres.ts';
import { startRedis, type Redis } from './servers/redis.ts';
import { startSimulator, type Simulator } from './servers/simulator.ts';

/** Everything that takes part, running. Disposing of it ends all that was started; its folder stays. */
export type Lab = AsyncDisposable & {
  apiKey: string;
  postgres: Postgres;
  redis: Redis;
  simulator: Simulator;
  malipos: readonly [Malipo, ...Malipo[]];
  balancer: Balancer;
  payers: Payers;
  watchers: Watchers;
};

/** Watchers of one payment: none, one, or two that need not be on the same process. */
const watchersOfOne = [0, 1, 1, 2] as const;

export async function openLab(
  folder: string,
  { seed, processes, rate }: Options,
  abort: AbortSignal,
): Promise<Lab> {
  await using parts = new AsyncDisposableStack();
  const postgres = await startPostgres(folder);
  parts.use(postgres.service);
  const redis = await startRedis(folder);
  parts.use(redis.service);
  const simulator = await startSimulator(folder);
  parts.use(simulator.service);
  await Promise.all([postgres, redis, simulator].map(({ service }) => service.ready(abort)));

  const malipos: Malipo[] = [];
  const balancer = parts.use(new Balancer(malipos, createRandom(seed + 1)));
  const apiKey = `mlp_test_${randomBytes(16).toString('hex')}`;
  const settings = {
    folder,
    apiKey,
    secret: randomBytes(32).toString('hex'),
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    simulatorUrl: simulator.url,
    callbackBaseUrl: await balancer.listen(),
  };
  const start = async (index: number): Promise<Malipo> => {
    const malipo = await startMalipo(settings, index);
    parts.defer(() => malipo.http.destroy());
    parts.use(malipo.service);
    malipos.push(malipo);
    return malipo;
  };
  const first = await start(0);
  for (let index = 1; index < processes; index += 1) await start(index);
  await Promise.all(malipos.map(({ service }) => service.ready(abort)));

  const all = [first, ...malipos.slice(1)] as const;
  const watchers = parts.use(new Watchers({ malipos: all, apiKey, random: createRandom(seed + 2) }));
  const random = createRandom(seed + 3);
  const payers = new Payers({
    malipos: all,
    apiKey,
    random,
    rate,
    answered: (globalId) => {
      for (let count = random.pick(watchersOfOne); count > 0; count -= 1) watchers.watch(globalId);
    },
  });
  const running = parts.move();
  return {
    apiKey,
    postgres,
    redis,
    simulator,
    malipos: all,
    balancer,
    payers,
    watchers,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
