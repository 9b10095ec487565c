import type { AddressInfo } from 'node:net';
import type { Authenticate } from '../access/authenticate.ts';
import type { Connections } from '../access/connections/connection.ts';
import { registerCallbackRoutes, type CallbackRouteDeps } from '../callbacks/routes.ts';
import type { Config } from '../config/config.ts';
import type { Graphql } from '../graphql/yoga.ts';
import type { Clock } from '../lib/clock.ts';
import type { Lifecycle } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/logger.ts';
import type { Masked } from '../lib/masked.ts';
import { sleep } from '../lib/sleep.ts';
import { within } from '../lib/within.ts';
import { renderGraphiqlPage } from './graphiql.ts';
import { createClientAddress } from './client-address.ts';
import { createDoor } from './door.ts';
import { registerGraphqlRoutes } from './graphql-routes.ts';
import { attachGraphqlSocket } from './graphql-socket.ts';
import { registerHealthRoutes, type HealthDeps } from './health-routes.ts';
import { registerKeyedMetrics, registerOpenMetrics, type MetricsSource } from './metrics-routes.ts';
import { createOrigins } from './origins.ts';
import { createPlaces } from './places.ts';
import { createHttpServer, type HttpObserver, type HttpServer } from './server.ts';

export type HttpDeps = {
  lifecycle: Lifecycle;
  /** From the order to stop until nobody new comes in, in milliseconds: as long as balancers need to notice. */
  drainMs: number;
  clock: Clock;
  logger: Logger;
  health: HealthDeps;
  callbacks: CallbackRouteDeps;
  graphql: Graphql;
  authenticate: Authenticate;
  connections: Connections;
  socketAgeMs: number;
  developmentKey: Masked | null;
  metrics: MetricsSource;
  observe: HttpObserver;
};

export type Http = AsyncDisposable & { url: string; callbackUrl: string; metricsUrl: string | null };

type HttpConfig = Pick<
  Config,
  'environment' | 'host' | 'port' | 'callbackPort' | 'trustedProxies' | 'metrics' | 'gate'
>;

/**
 * Starts to listen: everything on one port, and on ports of their own, where that is asked for, the callbacks alone and the
 * metrics alone.
 */
export async function startHttp(config: HttpConfig, deps: HttpDeps): Promise<Http> {
  await using parts = new AsyncDisposableStack();
  const main = createHttpServer({ ...deps, ...config });
  const servers = [main];
  parts.defer(() => close(main));
  registerHealthRoutes(main, deps.health);
  registerCallbackRoutes(main, deps.callbacks);
  const { rateLimits, corsOrigins } = config.gate;
  const reception = {
    ...deps,
    door: createDoor({ ...deps, rateLimits }),
    clientAddress: createClientAddress(config.trustedProxies),
    places: createPlaces(rateLimits),
    origins: createOrigins(corsOrigins),
  };
  registerKeyedMetrics(main, { ...reception, isShared: config.metrics.isPortShared });
  // Before the streams, so that those are cut first: sockets may have to wait for an answer.
  parts.use(attachGraphqlSocket(main.server, reception));
  const { developmentKey } = deps;
  parts.use(
    registerGraphqlRoutes(main, {
      ...reception,
      graphiql:
        config.environment === 'PRODUCTION'
          ? null
          : (request) => renderGraphiqlPage(request, developmentKey?.reveal() ?? null),
    }),
  );
  const { stopping } = deps.lifecycle;
  const url = await listen(main, config.host, config.port, stopping);

  let callbackUrl = url;
  if (config.callbackPort !== null) {
    const callbacksOnly = createHttpServer({ ...deps, ...config });
    servers.push(callbacksOnly);
    parts.defer(() => close(callbacksOnly));
    registerCallbackRoutes(callbacksOnly, deps.callbacks);
    callbackUrl = await listen(callbacksOnly, config.host, config.callbackPort, stopping);
  }
  let metricsUrl: string | null = null;
  if (config.metrics.port !== null) {
    const metricsOnly = createHttpServer({ ...deps, trustedProxies: [] });
    servers.push(metricsOnly);
    parts.defer(() => close(metricsOnly));
    registerOpenMetrics(metricsOnly, deps.metrics);
    metricsUrl = await listen(metricsOnly, '127.0.0.1', config.metrics.port, stopping, { exclusive: true });
  }
  const running = parts.move();
  return {
    url,
    callbackUrl,
    metricsUrl,
    async [Symbol.asyncDispose]() {
      await sleep(deps.drainMs);
      // Nobody new comes in while those who are there are seen out.
      const closed = Promise.all(servers.map(close));
      await running.disposeAsync();
      await closed;
    },
  };
}

/** A port that is shared between processes is had from their supervisor, which may die before it answers. */
const listenMsMax = 30_000;

/** `exclusive`: for this process alone, whatever ports are shared otherwise. */
async function listen(
  app: HttpServer,
  host: string,
  port: number,
  stopping: AbortSignal,
  { exclusive = false } = {},
): Promise<string> {
  await within(app.listen({ host, port, exclusive }), listenMsMax, stopping);
  const { address, family, port: listening } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${String(listening)}`;
}

/** Takes no more, and lets what was accepted be answered. */
async function close(app: HttpServer): Promise<void> {
  await app.close();
}
