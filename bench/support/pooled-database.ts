import { Client, Pool } from 'pg';
import { ensureFixedClients } from '../../src/access/fixed-clients.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { serverUrl } from './own-database.ts';

/** A database on the server that is measured, dropped in the end. */
export type PooledDatabase = AsyncDisposable & { url: string; pool: Pool; drop(): Promise<void> };

/** Empty, for whoever measures how it is made. */
export async function makeDatabase(purpose: string): Promise<PooledDatabase> {
  const name = `malipo_bench_${purpose}_${process.pid}`;
  await onServer(`drop database if exists ${name} with (force)`);
  await onServer(`create database ${name}`);
  return openOwn(name, true);
}

/** With Malipo's tables. */
export async function makeMigratedDatabase(purpose: string): Promise<PooledDatabase> {
  const database = await makeDatabase(purpose);
  await migrate(database);
  return database;
}

/** One that was kept by an earlier run; null where there is none. */
export async function openKeptDatabase(name: string, isDropped: boolean): Promise<PooledDatabase | null> {
  const found = await onServer(`select 1 from pg_database where datname = '${name}'`);
  return found === 0 ? null : openOwn(name, isDropped);
}

/** Of this name, with Malipo's tables. */
export async function makeKeptDatabase(name: string, isDropped: boolean): Promise<PooledDatabase> {
  await onServer(`create database ${name}`);
  const database = openOwn(name, isDropped);
  await migrate(database);
  return database;
}

function openOwn(name: string, isDropped: boolean): PooledDatabase {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const pool = new Pool({ connectionString: url.href, max: 4 });
  pool.on('error', () => undefined);
  const drop = async (): Promise<void> => {
    await pool.end();
    await onServer(`drop database if exists ${name} with (force)`);
  };
  return {
    url: url.href,
    pool,
    drop,
    [Symbol.asyncDispose]: () => (isDropped ? drop() : pool.end()),
  };
}

async function migrate({ url }: PooledDatabase): Promise<void> {
  await using database = await openDatabase({ kind: 'postgresql', url, connectionsMax: 2 });
  await database.migrate();
  await ensureFixedClients(database.prisma);
}

async function onServer(statement: string): Promise<number> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    return (await client.query(statement)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
