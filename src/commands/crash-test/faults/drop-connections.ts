import { Client } from 'pg';

/** Ends a share of the connections to the database from its side, whatever they are in the middle of. */
export async function dropConnections(databaseUrl: string, share: number): Promise<void> {
  const client = new Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 1_000,
    query_timeout: 2_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'malipo' and random() < $1`,
      [share],
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
