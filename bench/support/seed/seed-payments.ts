import type { RunSql } from './run-sql.ts';
import { benchClient } from './seed-client.ts';
import { sql } from './seeded-payment.ts';

/** The numbers of the payments to make: `from`, and so many. */
export type Numbers = { from: number; count: number };

/** Payments that were paid, with all that Malipo keeps of one: three changes, an attempt, a callback and a receipt. */
export async function seedTransactions(run: RunSql, numbers: Numbers): Promise<void> {
  await withoutChecks(run, async () => {
    await seedAsked(run, numbers, paid);
    await run(`
      insert into transaction_events (transaction_id, sequence, status, source, occurred_at, result_code, message)
      select ${sql.id}, 3, 'COMPLETED', 'CALLBACK', ${sql.createdAt} + interval '3 s', '0', 'Paid.' ${series(numbers)}`);
    await run(`
      insert into receipts (receipt, transaction_id, created_at)
      select ${sql.receipt}, ${sql.id}, ${sql.createdAt} + interval '3 s' ${series(numbers)}`);
    await run(evidence(numbers));
  });
}

/** Payments whose payer is awaited: each can be paid by one callback. M-Pesa is not to be asked for a day. */
export async function seedOpenPayments(run: RunSql, numbers: Numbers): Promise<void> {
  await withoutChecks(run, async () => {
    await seedAsked(run, numbers, awaiting);
    await run(`
      insert into open_work (transaction_id, next_check_at)
      select ${sql.id}, now() + interval '1 day' ${series(numbers)}`);
  });
}

/** All tables refer to one another and every reference would be looked up: these are right by the way they are made. */
async function withoutChecks(run: RunSql, work: () => Promise<void>): Promise<void> {
  await run(`set session_replication_role = replica`);
  await work();
  await run(`set session_replication_role = origin`);
}

type Stand = { [column: string]: string };

const awaiting: Stand = { status: `'AWAITING_PAYER'`, sequence: '2' };

const paid: Stand = {
  status: `'COMPLETED'`,
  sequence: '3',
  paid_amount_cents: `${sql.amountShillings} * 100`,
  mpesa_receipt_number: sql.receipt,
  result_code: `'0'`,
  result_description: `'The service request is processed successfully.'`,
  settled_rank: '1',
  settled_at: `${sql.createdAt} + interval '3 s'`,
  paid_at: `date_trunc('second', ${sql.createdAt} + interval '3 s')`,
};

async function seedAsked(run: RunSql, numbers: Numbers, stand: Stand): Promise<void> {
  const columns: Stand = { ...asked, ...stand };
  await run(`
    insert into transactions (${Object.keys(columns).join(', ')})
    select ${Object.values(columns).join(', ')} ${series(numbers)}`);
  await run(`
    insert into attempts (
      transaction_id, number, created_at, dispatched_at, answered_at, merchant_request_id, checkout_request_id)
    select ${sql.id}, 1, ${sql.createdAt}, ${sql.createdAt}, ${sql.createdAt}, ${sql.merchantRequestId},
      ${sql.checkoutRequestId} ${series(numbers)}`);
  await run(`
    insert into transaction_events (transaction_id, sequence, status, source, occurred_at, message)
    select ${sql.id}, change.sequence, change.status::"TransactionStatus", change.source::"EvidenceSource",
      ${sql.createdAt}, change.message ${series(numbers)}, (values
        (1, 'REQUESTED', 'API', 'Payment requested.'),
        (2, 'AWAITING_PAYER', 'DARAJA_ANSWER', 'M-Pesa accepted the request and prompts the payer.')
      ) as change(sequence, status, source, message)`);
}

const asked: Stand = {
  id: sql.id,
  kind: `'STK_PUSH'`,
  client_id: `'${benchClient.id}'`,
  idempotency_key: `'bench-' || i`,
  request_fingerprint: `encode(sha256(i::text::bytea), 'hex')`,
  business_short_code: `'174379'`,
  party_b: `'174379'`,
  amount_cents: `${sql.amountShillings} * 100`,
  phone_number: sql.phoneNumber,
  account_reference: `'INV' || i`,
  description: `'INV' || i`,
  attention: `'{}'`,
  merchant_request_id: sql.merchantRequestId,
  checkout_request_id: sql.checkoutRequestId,
  created_at: sql.createdAt,
  updated_at: sql.createdAt,
  accepted_at: sql.createdAt,
};

const evidence = (numbers: Numbers): string => `
  insert into evidence (
    id, source, verdict, verdict_reason, transaction_id, attempt_number, received_at, peer, body, body_hash,
    merchant_request_id, checkout_request_id, result_code, result_description, receipt, amount_cents, paid_at)
  select ${sql.evidenceId}, 'CALLBACK', 'APPLIED', 'Paid.', ${sql.id}, 1, ${sql.createdAt} + interval '3 s',
    '127.0.0.1', convert_to(body, 'UTF8'), encode(sha256(body::bytea), 'hex'), ${sql.merchantRequestId},
    ${sql.checkoutRequestId}, '0', 'The service request is processed successfully.', ${sql.receipt},
    ${sql.amountShillings} * 100, date_trunc('second', ${sql.createdAt} + interval '3 s')
  ${series(numbers)}, lateral (select format(
    '{"Body":{"stkCallback":{"MerchantRequestID":"%s","CheckoutRequestID":"%s","ResultCode":0,'
    '"ResultDesc":"The service request is processed successfully.","CallbackMetadata":{"Item":['
    '{"Name":"Amount","Value":%s.00},{"Name":"MpesaReceiptNumber","Value":"%s"},'
    '{"Name":"TransactionDate","Value":20261128032910},{"Name":"PhoneNumber","Value":%s}]}}}}',
    ${sql.merchantRequestId}, ${sql.checkoutRequestId}, ${sql.amountShillings}, ${sql.receipt},
    ${sql.phoneNumber}) as body) as said`;

const series = ({ from, count }: Numbers): string =>
  `from generate_series(${from}::bigint, ${from + count - 1}::bigint) as i`;
