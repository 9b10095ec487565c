import { randomBytes } from 'node:crypto';
import { Client, type QueryResult } from 'pg';

export type OwnDatabase = AsyncDisposable & { url: string };

/** An empty database on that server, dropped when it is disposed of. */
export async function createOwnDatabase(serverUrl: string): Promise<OwnDatabase> {
  const name = `malipo_query_budget_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await onServer(serverUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

/** How many payments are known to be watched, by whatever process. */
export async function countWatched({ url }: OwnDatabase): Promise<number> {
  const { rowCount } = await onServer(url, 'select 1 from open_work where watched_until > now()');
  return rowCount ?? 0;
}

/** Has every payment due at one instant, those longest that were asked for first. */
export async function makeAllDue({ url }: OwnDatabase): Promise<void> {
  await onServer(
    url,
    'update open_work w set next_check_at = t.created_at from transactions t where t.id = w.transaction_id',
  );
}

async function onServer(serverUrl: string, statement: string): Promise<QueryResult> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}
