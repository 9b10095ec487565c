import { DatabaseError, type Pool, type PoolClient, type QueryResultRow } from 'pg';
import { sentValues, statementOf, type RunTransaction, type Sql } from './sql.ts';

/** Statements outside of any transaction, each on whatever connection is free. */
export function sqlOn(client: Pool | PoolClient): Sql {
  return async <Row>(parts: TemplateStringsArray, ...values: readonly unknown[]) => {
    const statement = { ...statementOf(parts, values), values: sentValues(values) };
    return (await client.query<Row & QueryResultRow>(statement)).rows;
  };
}

/** Transactions, each on a connection of its own. */
export function transactionOn(pool: Pool): RunTransaction {
  return async (work, { lockMsMax } = {}) => {
    const client = await pool.connect();
    try {
      // In one message: what a transaction begins with costs it no trip of its own.
      await client.query(lockMsMax === undefined ? 'begin' : `begin; set local lock_timeout = ${lockMsMax}`);
      const result = await work(sqlOn(client));
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      await rollBack(client, error);
      throw error;
    }
  };
}

/** What the server did not refuse may still be running there: such a connection is of no use to anybody else. */
async function rollBack(client: PoolClient, error: unknown): Promise<void> {
  if (!(error instanceof DatabaseError)) return client.release(true);
  try {
    await client.query('rollback');
    client.release();
  } catch {
    client.release(true);
  }
}
