import type { AddressInfo } from 'node:net';
import type { Authenticate } from '../access/authenticate.ts';
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
import { createConnections } from './connections.ts';
import { createDoor } from './door.ts';
import { registerGraphqlRoutes } from './graphql-routes.ts';
import { attachGraphqlSocket } from './graphql-socket.ts';
import { registerHealthRoutes, type HealthDeps } from './health-routes.ts';
import { createOrigins } from './origins.ts';
import { createHttpServer, type HttpServer } from './server.ts';

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
  developmentKey: Masked | null;
};

export type Http = AsyncDisposable & { url: string; callbackUrl: string };

type HttpConfig = Pick<Config, 'environment' | 'host' | 'port' | 'callbackPort' | 'trustedProxies' | 'gate'>;

/** Starts to listen: everything on one port, and the callbacks alone on a second one where that is asked for. */
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
    connections: createConnections(rateLimits),
    origins: createOrigins(corsOrigins),
  };
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
  const running = parts.move();
  return {
    url,
    callbackUrl,
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

async function listen(app: HttpServer, host: string, port: number, stopping: AbortSignal): Promise<string> {
  await within(app.listen({ host, port }), listenMsMax, stopping);
  const { address, family, port: listening } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${String(listening)}`;
}

/** Takes no more, and lets what was accepted be answered. */
async function close(app: HttpServer): Promise<void> {
  await app.close();
}
