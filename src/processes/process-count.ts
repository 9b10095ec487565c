import { connectionsPerProcess, processesMax, type Config } from '../config/config.ts';
import { ConfigError } from '../config/env.ts';

/** How many processes `--processes` asks for; one when it is not given. Throws ConfigError. */
export function readProcesses(text: string | undefined, { database }: Config): number {
  if (text === undefined) return 1;
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > processesMax) {
    throw new ConfigError([`--processes must be a whole number from 1 to ${String(processesMax)}`]);
  }
  if (count > 1 && database.kind === 'embedded') {
    throw new ConfigError([
      'DATABASE_URL is missing: --processes needs PostgreSQL, because the embedded database has one owner',
    ]);
  }
  return count;
}

/** The settings of one of so many processes, which share what the database's server can take. */
export function forOneOf(count: number, config: Config): Config {
  const { database } = config;
  if (database.kind === 'embedded') return config;
  return { ...config, database: { ...database, connectionsMax: connectionsPerProcess(count) } };
}
