import type { Pool, PoolClient } from 'pg';
import { bootstrapClient } from '../../../src/access/fixed-clients.ts';
import { seededSql } from '../../support/open-payments.ts';

const { id, createdAt, phoneNumber, checkoutRequestId } = seededSql;

type Step = { name: string; run: (client: PoolClient) => Promise<unknown> };

/**
 * Payments that were paid long ago, with all that Malipo keeps of them but the bodies of callbacks, which it drops after a
 * while. Indexes and constraints are made after the rows: row by row it would take hours.
 */
export async function seedSettled(pool: Pool, count: number, tell: (text: string) => void): Promise<void> {
  for (const { name, run } of seedingSteps(count)) {
    const startedAt = performance.now();
    await inSession(pool, run);
    tell(`${count} payments, ${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  }
}

/** `set_aside`, which the first makes and the last but one drops, says that not all were done. */
function seedingSteps(count: number): Step[] {
  return [
    { name: 'setting indexes aside', run: setIndexesAside },
    ...fillings.map(({ table, statement }) => ({
      name: `rows of ${table}`,
      run: (client: PoolClient) => client.query(statement, [count - 1]),
    })),
    { name: 'keys and indexes', run: (client) => makeAgain(client, 'not like', 'FOREIGN KEY%') },
    { name: 'foreign keys', run: (client) => makeAgain(client, 'like', 'FOREIGN KEY%') },
    { name: 'statistics', run: (client) => client.query('vacuum analyze') },
  ];
}

async function inSession(pool: Pool, work: (client: PoolClient) => Promise<unknown>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("set maintenance_work_mem = '1GB'; set synchronous_commit = off");
    await work(client);
  } finally {
    client.release(true);
  }
}

const tables = `'transactions', 'attempts', 'transaction_events', 'receipts', 'evidence'`;

/** What makes them is kept in the database, in a table that is gone afterwards. */
async function setIndexesAside(client: PoolClient): Promise<void> {
  await client.query(`
    create table set_aside as
    select c.conrelid::regclass::text as belongs_to, c.conname as name, pg_get_constraintdef(c.oid) as definition, true as is_constraint
    from pg_constraint c where c.contype in ('p', 'u', 'f')
      and (c.conrelid::regclass::text in (${tables}) or c.confrelid::regclass::text in (${tables}))
    union all
    select i.tablename, i.indexname, i.indexdef, false from pg_indexes i
    where i.schemaname = 'public' and i.tablename in (${tables})
      and not exists (select from pg_constraint c where c.conname = i.indexname)`);
  const { rows } = await client.query<{ statement: string }>(`
    select case when is_constraint then format('alter table %s drop constraint %I', belongs_to, name)
      else format('drop index %I', name) end as statement
    from set_aside order by definition like 'FOREIGN KEY%' desc`);
  for (const { statement } of rows) await client.query(statement);
}

async function makeAgain(client: PoolClient, operator: 'like' | 'not like', pattern: string): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    `select case when is_constraint then format('alter table %s add constraint %I %s', belongs_to, name, definition)
       else definition end as statement
     from set_aside where definition ${operator} $1 order by is_constraint desc`,
    [pattern],
  );
  for (const { statement } of rows) await client.query(statement);
  if (operator === 'like') await client.query('drop table set_aside');
}

const settledAt = `${createdAt} + interval '9 s'`;
const receipt = `'S' || upper(lpad(to_hex(n), 9, '0'))`;
const series = 'from generate_series(0::bigint, $1::bigint) n';
const done = 'The service request is processed successfully.';

const fillings = [
  {
    table: 'transactions',
    statement: `insert into transactions (id, kind, client_id, idempotency_key, request_fingerprint, status, sequence,
        business_short_code, party_b, amount_cents, paid_amount_cents, phone_number, account_reference, description,
        merchant_request_id, checkout_request_id, mpesa_receipt_number, result_code, result_description, settled_rank,
        created_at, updated_at, accepted_at, settled_at, paid_at)
      select ${id}, 'STK_PUSH', '${bootstrapClient.id}', 'bench-' || n, md5(n::text) || md5((n + 1)::text), 'COMPLETED',
        3, '174379', '174379', 1000, 1000, ${phoneNumber}, 'ORDER-' || n, 'Payment', '29115-' || n || '-1',
        ${checkoutRequestId}, ${receipt}, '0', '${done}', 1, ${createdAt}, ${settledAt}, ${createdAt}, ${settledAt},
        ${settledAt} ${series}`,
  },
  {
    table: 'attempts',
    statement: `insert into attempts (transaction_id, number, created_at, dispatched_at, answered_at,
        merchant_request_id, checkout_request_id, message)
      select ${id}, 1, ${createdAt}, ${createdAt}, ${createdAt}, '29115-' || n || '-1', ${checkoutRequestId},
        'Success. Request accepted for processing' ${series}`,
  },
  {
    table: 'transaction_events',
    statement: `insert into transaction_events (transaction_id, sequence, status, source, occurred_at, result_code, message)
      select ${id}, sequence, status::"TransactionStatus", source::"EvidenceSource", ${createdAt}, code, message ${series},
        (values (1, 'REQUESTED', 'API', null, 'Payment requested.'),
          (2, 'AWAITING_PAYER', 'DARAJA_ANSWER', null, 'M-Pesa accepted the request.'),
          (3, 'COMPLETED', 'CALLBACK', '0', '${done}')) e(sequence, status, source, code, message)`,
  },
  {
    table: 'receipts',
    statement: `insert into receipts (receipt, transaction_id, created_at) select ${receipt}, ${id}, ${settledAt} ${series}`,
  },
  {
    table: 'evidence',
    statement: `insert into evidence (id, source, verdict, transaction_id, attempt_number, received_at, peer, body_hash,
        merchant_request_id, checkout_request_id, result_code, result_description, receipt, amount_cents, paid_at)
      select ${id}, 'CALLBACK', 'APPLIED', ${id}, 1, ${settledAt}, '127.0.0.1', md5(n::text) || md5((n + 2)::text),
        '29115-' || n || '-1', ${checkoutRequestId}, '0', '${done}', ${receipt}, 1000, ${settledAt} ${series}`,
  },
];
