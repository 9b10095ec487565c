import { inspectConfig, type Config } from '../../config/config.ts';
import type { Env } from '../../config/env.ts';
import type { Exchange } from '../../daraja/wire/http-client.ts';
import { systemClock, type Clock } from '../../lib/clock.ts';
import { findAddresses, type Addresses } from './probes/addresses.ts';
import { DarajaProbe } from './probes/daraja-probe.ts';
import { fetchOnce } from './probes/fetch-once.ts';
import { readPostgres, type PostgresFacts } from './probes/postgres-facts.ts';

/** What the checks look at. Each question to another server is asked once, however many checks want its answer. */
export type Context = AsyncDisposable & {
  env: Env;
  /** The values of settings that `problems` names mean nothing. */
  config: Config;
  problems: readonly string[];
  clock: Clock;
  nodeVersion: string;
  /** For one answer of another server, in milliseconds. */
  patienceMs: number;
  addresses: Addresses;
  daraja: DarajaProbe;
  postgres: () => Promise<PostgresFacts>;
  /** `GET /health/ready` of the server that runs on this machine with these settings. */
  serverHealth: () => Promise<Exchange>;
  /** `GET /mpesa/callback/health`, as M-Pesa would come. */
  callbackHealth: () => Promise<Exchange>;
};

export type ContextOptions = {
  clock?: Clock;
  nodeVersion?: string;
  patienceMs?: number;
};

/** Reaches for nothing yet. */
export function openContext(env: Env, options: ContextOptions = {}): Context {
  const { clock = systemClock, nodeVersion = process.versions.node, patienceMs = 10_000 } = options;
  const { config, problems } = inspectConfig(env);
  const addresses = findAddresses(config, env);
  const daraja = new DarajaProbe({ ...config.daraja, baseUrl: addresses.daraja, clock, patienceMs });
  const get = (base: string | null, path: string) =>
    fetchOnce(base ?? '', { method: 'GET', path, patienceMs });
  return {
    env,
    config,
    problems,
    clock,
    nodeVersion,
    patienceMs,
    addresses,
    daraja,
    postgres: once(() => readPostgres(config.database, { clock, patienceMs })),
    serverHealth: once(() => get(addresses.server, '/health/ready')),
    callbackHealth: once(() => get(addresses.callbacks, '/mpesa/callback/health')),
    [Symbol.asyncDispose]: () => daraja.close(),
  };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => (answer ??= ask());
}
