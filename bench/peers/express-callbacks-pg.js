import express from 'express';
import pg from 'pg';
import { paymentOf } from './stk-callback.js';

// The classic handler of M-Pesa's guides: one row for each payment, written when its callback comes.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });
await pool.query(`
  create table if not exists payments (
    checkout_request_id text primary key,
    merchant_request_id text not null,
    result_code int not null,
    result_desc text not null,
    amount numeric,
    receipt text,
    phone_number text,
    transaction_date text,
    updated_at timestamptz not null default now()
  )`);

const upsert = {
  name: 'upsert-payment',
  text: `
    insert into payments (
      checkout_request_id, merchant_request_id, result_code, result_desc, amount, receipt, phone_number, transaction_date)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (checkout_request_id) do update set
      result_code = excluded.result_code, result_desc = excluded.result_desc, amount = excluded.amount,
      receipt = excluded.receipt, phone_number = excluded.phone_number,
      transaction_date = excluded.transaction_date, updated_at = now()`,
};

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json());

app.get('/', (_request, response) => response.json({ status: 'ok' }));

app.post('/callback', async (request, response) => {
  await pool.query({ ...upsert, values: paymentOf(request.body) });
  response.json({ ResultCode: 0, ResultDesc: 'Success' });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
