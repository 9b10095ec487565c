import type { AddressInfo } from 'node:net';
import type { Authenticate } from '../access/authenticate.ts';
import { registerCallbackRoutes, type CallbackRouteDeps } from '../callbacks/routes.ts';
import type { Config } from '../config/config.ts';
import type { Graphql } from '../graphql/yoga.ts';
import type { Clock } from '../lib/clock.ts';
import type { Lifecycle } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/logger.ts';
import type { Masked } from '../lib/masked.ts';
import { renderGraphiqlPage } from './graphiql.ts';
import { registerGraphqlRoutes } from './graphql-routes.ts';
import { attachGraphqlSocket } from './graphql-socket.ts';
import { registerHealthRoutes, type HealthDeps } from './health-routes.ts';
import { createHttpServer, type HttpServer } from './server.ts';

export type HttpDeps = {
  lifecycle: Lifecycle;
  clock: Clock;
  logger: Logger;
  health: HealthDeps;
  callbacks: CallbackRouteDeps;
  graphql: Graphql;
  authenticate: Authenticate;
  developmentKey: Masked | null;
};

export type Http = AsyncDisposable & { url: string; callbackUrl: string };

type HttpConfig = Pick<Config, 'environment' | 'host' | 'port' | 'callbackPort' | 'trustedProxies'>;

/** Starts to listen: everything on one port, and the callbacks alone on a second one where that is asked for. */
export async function startHttp(config: HttpConfig, deps: HttpDeps): Promise<Http> {
  await using parts = new AsyncDisposableStack();
  const main = createHttpServer({ ...deps, ...config });
  const servers = [main];
  parts.defer(() => close(main));
  registerHealthRoutes(main, deps.health);
  registerCallbackRoutes(main, deps.callbacks);
  const { lifecycle, graphql, authenticate, developmentKey } = deps;
  parts.use(
    registerGraphqlRoutes(main, {
      lifecycle,
      graphql,
      authenticate,
      graphiql:
        config.environment === 'PRODUCTION'
          ? null
          : (request) => renderGraphiqlPage(request, developmentKey?.reveal() ?? null),
    }),
  );
  parts.use(attachGraphqlSocket(main.server, deps));
  const url = await listen(main, config.host, config.port);

  let callbackUrl = url;
  if (config.callbackPort !== null) {
    const callbacksOnly = createHttpServer({ ...deps, ...config });
    servers.push(callbacksOnly);
    parts.defer(() => close(callbacksOnly));
    registerCallbackRoutes(callbacksOnly, deps.callbacks);
    callbackUrl = await listen(callbacksOnly, config.host, config.callbackPort);
  }
  const running = parts.move();
  return {
    url,
    callbackUrl,
    async [Symbol.asyncDispose]() {
      // Nobody new comes in while those who are there are seen out.
      const closed = Promise.all(servers.map(close));
      await running.disposeAsync();
      await closed;
    },
  };
}

async function listen(app: HttpServer, host: string, port: number): Promise<string> {
  await app.listen({ host, port });
  const { address, family, port: listening } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${String(listening)}`;
}

/** Takes no more, and lets what was accepted be answered. */
async function close(app: HttpServer): Promise<void> {
  await app.close();
}
