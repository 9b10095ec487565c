import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { Pool } from 'pg';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import type { DatabaseSettings } from '../config/config.ts';
import { lockDirectory } from './directory-lock.ts';
import { PrismaClient } from './generated/prisma/client.ts';
import { applyMigrations } from './schema-engine.ts';

export type Database = AsyncDisposable & {
  kind: DatabaseSettings['kind'];
  prisma: PrismaClient;
};

/** What a use case is given: the client, or the client within a transaction. */
export type { PrismaClient } from './generated/prisma/client.ts';

/** Opens the database and brings its tables up to date. Throws when it cannot be reached or is another's. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  return settings.kind === 'postgresql' ? openPostgres(settings.url) : openEmbedded(settings.dataDir);
}

async function openPostgres(url: string): Promise<Database> {
  // Migrations may take longer than any statement of the server may.
  const migratingPool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 3_000 });
  try {
    await applyMigrations(new PrismaPg(migratingPool));
  } finally {
    await migratingPool.end();
  }
  const pool = new Pool({
    connectionString: url,
    max: 20,
    // pg waits for ever by default; a payment server must rather say that it cannot.
    connectionTimeoutMillis: 3_000,
    keepAlive: true,
    statement_timeout: 5_000,
    idle_in_transaction_session_timeout: 10_000,
    application_name: 'malipo',
  });
  // A connection that breaks while idle is replaced on next use; without a listener it would end the process.
  pool.on('error', () => undefined);
  return createDatabase('postgresql', new PrismaPg(pool), () => pool.end());
}

async function openEmbedded(dataDir: string | null): Promise<Database> {
  const lock = dataDir === null ? undefined : lockDirectory(dataDir);
  try {
    const engine = await PGlite.create(dataDir === null ? {} : { dataDir: join(dataDir, 'postgres') });
    return await wrapEmbedded(engine, () => lock?.[Symbol.dispose]());
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

/** The database on an engine that is open already, as tests have it from a template. */
export async function wrapEmbedded(engine: PGlite, release: () => void = () => undefined): Promise<Database> {
  const adapter = new PrismaPGlite(engine);
  await applyMigrations(adapter);
  return createDatabase('embedded', adapter, async () => {
    await engine.close();
    release();
  });
}

function createDatabase(
  kind: Database['kind'],
  adapter: SqlMigrationAwareDriverAdapterFactory,
  close: () => Promise<void>,
): Database {
  const prisma = new PrismaClient({ adapter });
  return {
    kind,
    prisma,
    async [Symbol.asyncDispose]() {
      await prisma.$disconnect();
      await close();
    },
  };
}
