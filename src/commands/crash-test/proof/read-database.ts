import { Client } from 'pg';
import type { Change, Kept, Stored } from './facts.ts';

export type DatabaseFacts = { stored: Omit<Stored, 'globalId'>[]; kept: Kept[] };

type Row = Omit<Stored, 'globalId' | 'events'>;

/** What the tables hold, asked of the tables. */
export async function readDatabase(databaseUrl: string): Promise<DatabaseFacts> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(
      `select id::text, idempotency_key as key, status::text, sequence, mpesa_receipt_number as receipt,
         checkout_request_id is not null as "isQueryable" from transactions`,
    );
    const events = await client.query<Change & { id: string }>(
      `select transaction_id::text as id, sequence, status::text from transaction_events
       order by transaction_id, sequence`,
    );
    const kept = await client.query<Kept>(
      `select transaction_id::text as "transactionId", attempt_number as attempt, body_hash as hash,
         sum(1 + repeats)::int as times
       from evidence where source = 'CALLBACK' group by 1, 2, 3`,
    );
    const byId = Map.groupBy(events.rows, ({ id }) => id);
    return { stored: rows.map((row) => ({ ...row, events: byId.get(row.id) ?? [] })), kept: kept.rows };
  } finally {
    await client.end();
  }
}
