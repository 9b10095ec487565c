import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { noSchemas } from '../lib/no-schemas.ts';
import { addControlRoutes } from './control/control-routes.ts';
import { CallbackSender } from './payer/callback-sender.ts';
import { Payer } from './payer/payer.ts';
import { Payments } from './payer/payments.ts';
import { Phones } from './payer/phones.ts';
import { Receipts } from './payer/receipts.ts';
import { AccessTokens } from './protocol/access-tokens.ts';
import { addProtocolRoutes } from './protocol/protocol-routes.ts';
import { SpikeArrest } from './protocol/spike-arrest.ts';
import type { SimulatorSettings } from './settings.ts';
import { zeroStats } from './stats.ts';
import type { World } from './world.ts';

export type Simulator = {
  /** Without a slash at the end; what an app uses in place of `https://sandbox.safaricom.co.ke`. */
  readonly url: string;
  /** Stops listening, forgets every payment and leaves no timer and no socket. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * A stand-in for Safaricom's Daraja on a port of its own: OAuth, STK push, STK query and callbacks. It moves no
 * money and shares no code with `src/daraja`, so that the two cannot be wrong together. Rejects if it cannot listen.
 */
export async function createSimulator(
  settings: SimulatorSettings,
  clock: Clock = systemClock,
): Promise<Simulator> {
  const stats = zeroStats();
  const sender = new CallbackSender({ stats, clock });
  const world: World = {
    settings,
    clock,
    stats,
    tokens: new AccessTokens({ clock, newTokenCancelsOld: settings.newTokenCancelsOld }),
    queryLimit: new SpikeArrest(settings.queryLimitPerMinute, clock),
    phones: new Phones(),
    payments: new Payments(),
    receipts: new Receipts(),
    payer: new Payer({ sender, clock, delayMs: settings.delayMs }),
  };
  const app = createServer(world);
  const close = once(async () => {
    world.payer.forget();
    await sender.close();
    await app.close();
  });
  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    await close();
    throw error;
  }
  return { url: urlOf(app, settings.host), close, [Symbol.asyncDispose]: close };
}

function createServer(world: World): FastifyInstance {
  // Connections are cut on close: a client that keeps one open must not keep the simulator alive.
  const app = fastify({ forceCloseConnections: true, schemaController: noSchemas });
  // Bodies stay text until a route looks: Daraja's answers to odd content types and to bad JSON are not Fastify's.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => {
    done(null, text);
  });
  addControlRoutes(app, world);
  addProtocolRoutes(app, world);
  return app;
}

const reachableHosts: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };

function urlOf(app: FastifyInstance, host: string): string {
  const name = reachableHosts[host] ?? (host.includes(':') ? `[${host}]` : host);
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('The simulator listens on no port.');
  return `http://${name}:${address.port}`;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => (running ??= work());
}
