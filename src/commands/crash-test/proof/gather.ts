import type { Balancer } from '../load/balancer.ts';
import type { Payers } from '../load/payers.ts';
import type { Watchers } from '../load/watchers.ts';
import type { Malipo } from '../servers/malipo.ts';
import type { Facts } from './facts.ts';
import { readApi } from './read-api.ts';
import { readDatabase } from './read-database.ts';
import { readSaying } from './read-saying.ts';
import { readSimulator } from './read-simulator.ts';

export type Sources = {
  databaseUrl: string;
  dataDir: string;
  simulatorUrl: string;
  malipos: readonly [Malipo, ...Malipo[]];
  apiKey: string;
  balancer: Balancer;
  payers: Payers;
  watchers: Watchers;
};

/** Asks everyone for what they know, once all is at rest. */
export async function gather(sources: Sources): Promise<Facts> {
  const { stored, kept } = await readDatabase(sources.databaseUrl);
  const listed = await readApi(sources.malipos[0], sources.apiKey);
  const globalIds = new Map(listed.map(({ id, idempotencyKey }) => [idempotencyKey, id]));
  return {
    asked: sources.payers.asked,
    posts: sources.balancer.posts,
    sayings: new Map([...sources.balancer.bodies].map(([hash, body]) => [hash, readSaying(body)])),
    prompts: await readSimulator(sources.simulatorUrl),
    stored: stored.map((row) => ({ ...row, globalId: globalIds.get(row.key) ?? '' })),
    kept,
    timelines: new Map(listed.map(({ id, timeline }) => [id, timeline])),
    watched: sources.watchers.all,
    crashes: sources.malipos.map(({ service }) => ({ name: service.name, times: service.crashes })),
  };
}
