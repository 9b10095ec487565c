import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { DatabaseSettings } from '../config/database-settings.ts';
import { PrismaClient } from './generated/prisma/client.ts';
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

/** What differs between the databases. */
type Engine = Record<'reach' | 'migrate' | 'close', () => Promise<void>> &
  Pick<Database, 'sql' | 'transaction'>;

/** Prisma on one of the databases, and what goes past it. */
export function createDatabase(
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
