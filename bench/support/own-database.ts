import { Client } from 'pg';
import { openDatabase } from '../../src/database/open-database.ts';
import { cpuSecondsOf } from './machine/process-usage.ts';
import type { RunSql } from './seed/run-sql.ts';

/** Where a database of the benchmarks' own is made. */
export const serverUrl = process.env['BENCH_DATABASE_URL'] ?? 'postgresql://postgres@127.0.0.1:5432/postgres';

/** A PostgreSQL database with Malipo's tables, dropped in the end. */
export type OwnDatabase = AsyncDisposable & {
  url: string;
  /** On one connection, so that a setting of the session holds. */
  run: RunSql;
  rows: <Row extends object>(text: string) => Promise<Row[]>;
  /** What the server's processes for this database have used until now. */
  cpuSeconds: () => Promise<number>;
};

export async function makeDatabase(purpose: string): Promise<OwnDatabase> {
  const name = `malipo_bench_${purpose}_${process.pid}`;
  await onServer(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await using parts = new AsyncDisposableStack();
  parts.defer(() => onServer(`drop database if exists ${name} with (force)`));
  await migrate(url.href);
  const client = new Client({ connectionString: url.href });
  await client.connect();
  parts.defer(() => client.end());
  const rows = async <Row extends object>(text: string) => (await client.query<Row>(text)).rows;
  const running = parts.move();
  return {
    url: url.href,
    run: (text) => client.query(text),
    rows,
    cpuSeconds: async () => sum(await rows<{ pid: number }>(backends(name))),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const backends = (name: string): string => `select pid from pg_stat_activity where datname = '${name}'`;

/** Nothing where PostgreSQL runs on another machine. */
function sum(processes: readonly { pid: number }[]): number {
  return processes.reduce((total, { pid }) => total + (cpuSecondsOf(pid) ?? 0), 0);
}

async function migrate(url: string): Promise<void> {
  await using database = await openDatabase({ kind: 'postgresql', url, connectionsMax: 1 });
  await database.migrate();
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
