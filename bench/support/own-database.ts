import { Client, Pool } from 'pg';
import { ensureFixedClients } from '../../src/access/fixed-clients.ts';
import { openDatabase } from '../../src/database/database.ts';

/** A database on the server that is measured, dropped in the end. */
export type OwnDatabase = AsyncDisposable & { url: string; pool: Pool; drop(): Promise<void> };

const serverUrl = process.env['BENCH_POSTGRES'] ?? 'postgresql://postgres@127.0.0.1:5432/postgres';

/** Empty, for whoever measures how it is made. */
export async function makeDatabase(purpose: string): Promise<OwnDatabase> {
  const name = `malipo_bench_${purpose}_${process.pid}`;
  await onServer(`drop database if exists ${name} with (force)`);
  await onServer(`create database ${name}`);
  return openOwn(name, true);
}

/** With Malipo's tables. */
export async function makeMigratedDatabase(purpose: string): Promise<OwnDatabase> {
  const database = await makeDatabase(purpose);
  await migrate(database);
  return database;
}

/** One that was kept by an earlier run; null where there is none. */
export async function openKeptDatabase(name: string, isDropped: boolean): Promise<OwnDatabase | null> {
  const found = await onServer(`select 1 from pg_database where datname = '${name}'`);
  return found === 0 ? null : openOwn(name, isDropped);
}

/** Of this name, with Malipo's tables. */
export async function makeKeptDatabase(name: string, isDropped: boolean): Promise<OwnDatabase> {
  await onServer(`create database ${name}`);
  const database = openOwn(name, isDropped);
  await migrate(database);
  return database;
}

function openOwn(name: string, isDropped: boolean): OwnDatabase {
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

async function migrate({ url }: OwnDatabase): Promise<void> {
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
