import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { Pool } from 'pg';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import type { DatabaseSettings, PostgresSettings } from '../config/database-settings.ts';
import { lockDirectory } from './directory-lock.ts';
import { embeddedSqlOn } from './embedded-sql.ts';
import { PrismaClient } from './generated/prisma/client.ts';
import { sqlOn, transactionOn } from './postgres-sql.ts';
import { applyMigrations } from './schema-engine.ts';
import type { RunTransaction, Sql } from './sql.ts';

export type Database = AsyncDisposable & {
  kind: DatabaseSettings['kind'];
  prisma: PrismaClient;
  /** For what is run so often that Prisma’s part would be most of its cost. */
  sql: Sql;
  transaction: RunTransaction;
  /** Asks the server for an answer. Throws the driver's error, with its code, when none comes. */
  reach(): Promise<void>;
  /** Brings the tables up to date. Of several processes that do so at once, one does. */
  migrate(): Promise<void>;
};

/** What use cases are given. */
export type DatabaseAccess = Pick<Database, 'prisma' | 'sql' | 'transaction'>;

/** What a use case is given: the client, or the client within a transaction. */
export type { PrismaClient } from './generated/prisma/client.ts';

/** Opens the embedded database, which must not be another's; PostgreSQL is reached for when it is first used. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  return settings.kind === 'postgresql' ? openPostgres(settings) : openEmbedded(settings.dataDir);
}

function openPostgres({ url, connectionsMax }: PostgresSettings): Database {
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    // pg waits for ever by default; a payment server must rather say that it cannot.
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    statement_timeout: 5_000,
    // The server's own limit says nothing to a client that it cannot reach any longer.
    query_timeout: 8_000,
    idle_in_transaction_session_timeout: 10_000,
    application_name: 'malipo',
  });
  surviveBrokenConnections(pool);
  return createDatabase('postgresql', new PrismaPg(pool), {
    sql: sqlOn(pool),
    transaction: transactionOn(pool),
    reach: async () => {
      await pool.query('select 1');
    },
    migrate: () => migratePostgres(url),
    close: () => pool.end(),
  });
}

/** On connections of its own: a migration may take longer than any statement of the server may. */
async function migratePostgres(url: string): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 3_000 });
  surviveBrokenConnections(pool);
  try {
    await applyMigrations(new PrismaPg(pool));
  } finally {
    await pool.end();
  }
}

/**
 * A connection that breaks is replaced on next use; without a listener it would end the process. The pool listens while
 * it is idle and the adapter while it is used, and from hand to hand neither does.
 */
function surviveBrokenConnections(pool: Pool): void {
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
}

async function openEmbedded(dataDir: string | null): Promise<Database> {
  const lock = dataDir === null ? undefined : lockDirectory(dataDir);
  try {
    const engine = await PGlite.create(dataDir === null ? {} : { dataDir: join(dataDir, 'postgres') });
    return wrapEmbedded(engine, () => lock?.[Symbol.dispose]());
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

/** The database on an engine that is open already, as tests have it from a template. */
export function wrapEmbedded(engine: PGlite, release: () => void = () => undefined): Database {
  const adapter = new PrismaPGlite(engine);
  return createDatabase('embedded', adapter, {
    sql: embeddedSqlOn(engine),
    // One at a time: nobody waits for a lock.
    transaction: (work) => engine.transaction((tx) => work(embeddedSqlOn(tx))),
    reach: () => engine.waitReady,
    migrate: async () => {
      await applyMigrations(adapter);
    },
    close: async () => {
      await engine.close();
      release();
    },
  });
}

type Engine = Record<'reach' | 'migrate' | 'close', () => Promise<void>> &
  Pick<Database, 'sql' | 'transaction'>;

function createDatabase(
  kind: Database['kind'],
  adapter: SqlMigrationAwareDriverAdapterFactory,
  { reach, migrate, close, ...access }: Engine,
): Database {
  const prisma = new PrismaClient({ adapter });
  return {
    kind,
    prisma,
    ...access,
    reach,
    migrate,
    async [Symbol.asyncDispose]() {
      await prisma.$disconnect();
      await close();
    },
  };
}
