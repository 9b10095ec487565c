import type { Watchers } from '../load/watchers.ts';
import type { Random } from '../random.ts';
import type { Malipo } from '../servers/malipo.ts';
import type { Service } from '../servers/service.ts';
import { dropConnections } from './drop-connections.ts';

/** What can be made to fail. */
export type Targets = {
  malipos: readonly [Malipo, ...Malipo[]];
  postgres: Service;
  databaseUrl: string;
  redis: Service;
  watchers: Watchers;
};

export type FaultName =
  | 'kill'
  | 'stop-malipo'
  | 'pause-malipo'
  | 'restart-postgres'
  | 'pause-postgres'
  | 'restart-redis'
  | 'pause-redis'
  | 'drop-database'
  | 'cut-sockets';

/** Ends when its effect is over; `abort` ends it early. */
export type Fault = (targets: Targets, random: Random, abort: AbortSignal) => Promise<void>;

const pauseMs = (random: Random): number => 1_000 + random.below(4_000);
const awayMaxMs = 5_000;

export const faults: Record<FaultName, Fault> = {
  /** Dead at once, and started again at once. */
  kill: (targets, random) => victim(targets, random).restart('SIGKILL', 0),
  /** As an administrator does it, who installs a new version. */
  'stop-malipo': (targets, random) => random.pick(targets.malipos).service.restart('SIGTERM', 0),
  'pause-malipo': (targets, random, abort) =>
    random.pick(targets.malipos).service.pause(pauseMs(random), abort),
  /** Ended without a checkpoint (SIGQUIT is `pg_ctl stop -m immediate`) or without a word. */
  'restart-postgres': async ({ postgres }, random, abort) => {
    await postgres.restart(random.pick(['SIGQUIT', 'SIGKILL']), random.below(awayMaxMs), abort);
    await postgres.ready();
  },
  'pause-postgres': ({ postgres }, random, abort) => postgres.pause(pauseMs(random), abort),
  'restart-redis': ({ redis }, random, abort) => redis.restart('SIGKILL', random.below(awayMaxMs), abort),
  'pause-redis': ({ redis }, random, abort) => redis.pause(pauseMs(random), abort),
  'drop-database': ({ databaseUrl }, random) => dropConnections(databaseUrl, random.next()),
  'cut-sockets': async ({ watchers }, random) => watchers.cut(random.next()),
};

const atRandomShare = 0.25;

/** Mostly whoever has run longest, and so serves; sometimes one that is still starting. */
function victim({ malipos }: Targets, random: Random): Service {
  if (random.next() < atRandomShare) return random.pick(malipos).service;
  return malipos.reduce((oldest, { service }) => older(oldest, service), malipos[0].service);
}

const older = (a: Service, b: Service): Service => (b.startedAt < a.startedAt ? b : a);
