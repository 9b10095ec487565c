import type { EnvReader } from './env.ts';

export type PostgresSettings = { kind: 'postgresql'; url: string; connectionsMax: number };

export type DatabaseSettings =
  | PostgresSettings
  /** `dataDir` is owned by one process; null keeps everything in memory. */
  | { kind: 'embedded'; dataDir: string | null };

/** `mustSurvive`: a power failure too. */
export function databaseSettings(reader: EnvReader, mustSurvive: boolean, dataDir: string): DatabaseSettings {
  const url = reader.secret('DATABASE_URL');
  if (url === undefined) {
    if (mustSurvive) {
      reader.problem(
        'DATABASE_URL is missing: the embedded database does not survive a power failure, so production needs PostgreSQL',
      );
    }
    return { kind: 'embedded', dataDir };
  }
  if (!/^postgres(ql)?:\/\//.test(url)) reader.problem('DATABASE_URL must begin with postgresql://');
  return { kind: 'postgresql', url, connectionsMax: connectionsPerProcess(1) };
}

/** A server of PostgreSQL takes 100 connections unless told otherwise, and hints and people need some as well. */
const connectionsInAll = 80;
/** With fewer a process would keep its callbacks waiting. */
const connectionsMin = 4;
export const processesMax = connectionsInAll / connectionsMin;

/** How many connections one of so many processes may hold. */
export function connectionsPerProcess(processes: number): number {
  return Math.min(20, Math.max(connectionsMin, Math.floor(connectionsInAll / processes)));
}
