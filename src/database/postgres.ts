import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import type { PostgresSettings } from '../config/database-settings.ts';
import { createDatabase, type Database } from './database.ts';
import { bringUpToDate, type ApplyOn } from './migrate.ts';
import { sqlOn, transactionOn } from './postgres-sql.ts';

export function openPostgres({ url, connectionsMax }: PostgresSettings): Database {
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
  const sql = sqlOn(pool);
  return createDatabase('postgresql', new PrismaPg(pool), {
    sql,
    transaction: transactionOn(pool),
    reach: async () => {
      await pool.query('select 1');
    },
    migrate: () => bringUpToDate(sql, (apply) => onOwnConnections(url, apply)),
    close: () => pool.end(),
  });
}

/** A migration may take longer than any statement of the server may. */
async function onOwnConnections(url: string, apply: ApplyOn): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 3_000 });
  surviveBrokenConnections(pool);
  try {
    await apply(new PrismaPg(pool));
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
