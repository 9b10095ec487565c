import type { Config } from './config/config.ts';
import { awaitDatabase } from './database/await-database.ts';
import type { Database } from './database/database.ts';
import { startHttp } from './http/start-http.ts';
import { createTaskSet } from './lib/task-set.ts';
import type { Masked } from './lib/masked.ts';
import { openAccess } from './wiring/access.ts';
import { callbackRoutes, receiveArrivals } from './wiring/arrivals.ts';
import { startBackground } from './wiring/background.ts';
import { startBuiltInSimulator } from './wiring/built-in-simulator.ts';
import { layFoundation, prepareDatabase, type Overrides } from './wiring/foundation.ts';
import { openGraphql } from './wiring/graphql.ts';
import { openMetrics } from './wiring/metrics.ts';
import { openDaraja } from './wiring/open-daraja.ts';

export type App = AsyncDisposable & {
  /** Without trailing slashes. */
  url: string;
  callbackBaseUrl: string;
  /** Where metrics are had without a key; null where that was not asked for. */
  metricsUrl: string | null;
  simulatorUrl: string | null;
  databaseKind: Database['kind'];
  developmentKey: Masked | null;
};

/** Balancers ask once a second or so, and a client's next request ends its connection. */
const drainMs = 1_500;
/** After about an hour a client connects anew: to wherever a balancer sends it by then. */
const socketAgeMs = 60 * 60 * 1000;

/**
 * Wires the parts together and starts them. It listens before its database answers, so that its health can be asked and
 * callbacks be kept, and resolves when it serves. If one part cannot start, those that have are stopped again; they stop
 * in the opposite order of that in which they stand here.
 */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  await using parts = new AsyncDisposableStack();
  const foundation = await layFoundation(config, overrides, parts);
  const { lifecycle, clock, logger, spool, database, databaseAnswers } = foundation;
  const simulator =
    config.simulator === null ? null : parts.use(await startBuiltInSimulator(overrides.simulator));
  const daraja = openDaraja(foundation, simulator?.url ?? null);
  parts.defer(() => daraja.close());
  // Begins when the database answers, and ends after the last request and the last push.
  const background = parts.use(new AsyncDisposableStack());
  const pushes = createTaskSet((error) =>
    logger.error({ err: error }, 'a push ended without a stored answer'),
  );
  parts.defer(() => pushes.drain());

  const arrivals = receiveArrivals(foundation);
  let callbackBaseUrl = config.callbackBaseUrl ?? '';
  const graphql = openGraphql(foundation, { daraja, pushes, callbackBaseUrl: () => callbackBaseUrl });
  const access = openAccess(foundation);
  const { developmentKey } = access;
  const http = parts.use(
    await startHttp(config, {
      lifecycle,
      drainMs: overrides.drainMs ?? drainMs,
      clock,
      logger,
      health: { lifecycle, databaseAnswers, spool },
      callbacks: callbackRoutes(foundation, arrivals),
      graphql,
      ...access,
      socketAgeMs: overrides.socketAgeMs ?? socketAgeMs,
      metrics: openMetrics(foundation, arrivals),
      observe: foundation.metrics.http,
    }),
  );
  callbackBaseUrl ||= http.callbackUrl;

  const prepare = () => prepareDatabase(foundation);
  await awaitDatabase({ database, logger, signal: lifecycle.stopping, prepare });
  lifecycle.begin();
  startBackground(foundation, { daraja, arrivals, access }, background);

  const running = parts.move();
  return {
    url: http.url,
    callbackBaseUrl,
    metricsUrl: http.metricsUrl,
    simulatorUrl: simulator?.url ?? null,
    databaseKind: database.kind,
    developmentKey,
    async [Symbol.asyncDispose]() {
      lifecycle.stop();
      await running.disposeAsync();
    },
  };
}
