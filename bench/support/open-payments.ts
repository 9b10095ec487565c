import type { Pool } from 'pg';
import { bootstrapClient } from '../../src/access/fixed-clients.ts';

/** Of the first seeded payment, in milliseconds: the ids of those after it follow, one a millisecond. */
const firstAtMs = Date.UTC(2026, 0, 1);

/** The row id of the seeded payment `number`: a UUIDv7 of its time of creation. */
export function seededId(number: number): string {
  const time = (firstAtMs + number).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** As clients name it. */
export function globalId(rowId: string): string {
  return Buffer.from(`Transaction:${rowId}`).toString('base64');
}

/** In a `select` over `n`, the number of a payment. */
export const seededSql = {
  id: `(lpad(to_hex(${firstAtMs} + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid`,
  createdAt: `to_timestamp((${firstAtMs} + n) / 1000.0)`,
  phoneNumber: `'2547' || lpad((n * 7919 % 100000000)::text, 8, '0')`,
  checkoutRequestId: `'ws_CO_' || n || '_2547' || lpad((n * 7919 % 100000000)::text, 8, '0')`,
};

const { id, createdAt, phoneNumber, checkoutRequestId } = seededSql;

/** As payments stand whose prompt is on the phone, with their first check far ahead: `count` of them from `first` on. */
export async function seedOpenPayments(pool: Pool, first: number, count: number): Promise<void> {
  for (const statement of statements) await pool.query(statement, [first, first + count - 1]);
  await pool.query('analyze transactions, attempts, transaction_events, open_work');
}

const series = 'from generate_series($1::bigint, $2::bigint) n';

const statements = [
  `insert into transactions (id, kind, client_id, idempotency_key, request_fingerprint, status, sequence,
     business_short_code, party_b, amount_cents, phone_number, account_reference, description, merchant_request_id,
     checkout_request_id, created_at, updated_at, accepted_at)
   select ${id}, 'STK_PUSH', '${bootstrapClient.id}', 'bench-' || n, md5(n::text) || md5((n + 1)::text),
     'AWAITING_PAYER', 2, '174379', '174379', 1000, ${phoneNumber}, 'ORDER-' || n, 'Payment', '29115-' || n || '-1',
     ${checkoutRequestId}, ${createdAt}, ${createdAt}, ${createdAt} ${series}`,
  `insert into attempts (transaction_id, number, created_at, dispatched_at, answered_at, merchant_request_id,
     checkout_request_id, message)
   select ${id}, 1, ${createdAt}, ${createdAt}, ${createdAt}, '29115-' || n || '-1', ${checkoutRequestId},
     'Success. Request accepted for processing' ${series}`,
  `insert into transaction_events (transaction_id, sequence, status, source, occurred_at, message)
   select ${id}, sequence, status::"TransactionStatus", source::"EvidenceSource", ${createdAt}, message ${series},
     (values (1, 'REQUESTED', 'API', 'Payment requested.'),
       (2, 'AWAITING_PAYER', 'DARAJA_ANSWER', 'M-Pesa accepted the request.')) e(sequence, status, source, message)`,
  `insert into open_work (transaction_id, next_check_at) select ${id}, now() + interval '1 day' ${series}`,
];
