import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import express from 'express';
import { paymentOf } from './stk-callback.js';

// The classic handler on SQLite. Its write-ahead log is synced with each commit, as PostgreSQL's is: what was answered
// survives a power failure.
const database = new DatabaseSync(join(process.env.DATA_DIR, 'payments.db'));
database.exec('pragma journal_mode = wal; pragma synchronous = full');
database.exec(`
  create table if not exists payments (
    checkout_request_id text primary key,
    merchant_request_id text not null,
    result_code integer not null,
    result_desc text not null,
    amount real,
    receipt text,
    phone_number text,
    transaction_date text,
    updated_at text not null default current_timestamp
  )`);

const upsert = database.prepare(`
  insert into payments (
    checkout_request_id, merchant_request_id, result_code, result_desc, amount, receipt, phone_number, transaction_date)
  values (?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (checkout_request_id) do update set
    result_code = excluded.result_code, result_desc = excluded.result_desc, amount = excluded.amount,
    receipt = excluded.receipt, phone_number = excluded.phone_number,
    transaction_date = excluded.transaction_date, updated_at = current_timestamp`);

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json());

app.get('/', (_request, response) => response.json({ status: 'ok' }));

app.post('/callback', (request, response) => {
  upsert.run(...paymentOf(request.body));
  response.json({ ResultCode: 0, ResultDesc: 'Success' });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
