import type { Config } from '../config/config.ts';
import { connectionsPerProcess, processesMax } from '../config/database-settings.ts';
import { ConfigError, type Env } from '../config/env.ts';

/** How many processes `--processes` asks for; one when it is not given. Throws ConfigError. */
export function readProcesses(text: string | undefined, config: Config): number {
  if (text === undefined) return 1;
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > processesMax) {
    throw new ConfigError([`--processes must be a whole number from 1 to ${String(processesMax)}`]);
  }
  if (count > 1 && config.database.kind === 'embedded') {
    throw new ConfigError([
      'DATABASE_URL is missing: --processes needs PostgreSQL, because the embedded database has one owner',
    ]);
  }
  if (count > 1) checkMetricsPorts(count, config);
  return count;
}

/** Each process has a port of its own for its metrics: METRICS_PORT and those after it. */
function checkMetricsPorts(count: number, { port, callbackPort, metrics }: Config): void {
  if (metrics.port === null || metrics.port === 0) return;
  const last = metrics.port + count - 1;
  const isTaken = [port, callbackPort].some(
    (taken) => taken !== null && metrics.port !== null && taken >= metrics.port && taken <= last,
  );
  if (last <= 65_535 && !isTaken) return;
  throw new ConfigError([
    `METRICS_PORT must leave room for ${String(count)} processes: each takes the next port, and none may be PORT or CALLBACK_PORT`,
  ]);
}

/**
 * The settings of one of so many processes, which share what the database's server can take. `place`, from 0, stays the
 * same when a process is started again, and with it the port of its metrics.
 */
export function forOneOf(count: number, place: number, config: Config): Config {
  const { database, metrics } = config;
  const port = metrics.port === null || metrics.port === 0 ? metrics.port : metrics.port + place;
  const settings = { ...config, metrics: { port, isPortShared: true } };
  if (database.kind === 'embedded') return settings;
  return { ...settings, database: { ...database, connectionsMax: connectionsPerProcess(count) } };
}

/** In the environment of each process of several: which it is. */
export const placeVariable = 'MALIPO_PROCESS_PLACE';

export function readPlace(env: Env): number {
  return Number(env[placeVariable] ?? 0);
}
