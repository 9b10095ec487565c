import type { Transaction } from '../database/generated/prisma/client.ts';
import { createLookup, type RowLookup } from '../database/lookup.ts';
import { Fragment, type Sql } from '../database/sql.ts';

/** Finds payments by their ids, whoever they belong to: the caller looks whether they may be seen. */
export type PaymentRows = RowLookup<Transaction>;

export function createPaymentRows(sql: Sql): PaymentRows {
  return createLookup<Transaction>(
    (ids) => findByIds(sql, ids),
    ({ id }) => id,
  );
}

function findByIds(sql: Sql, ids: readonly string[]): Promise<Transaction[]> {
  return sql<Transaction>`select ${paymentColumns} from transactions where id = any(${ids}::uuid[])`;
}

/** All columns of a payment's row, under the names that Prisma gives them. */
export const paymentColumns = new Fragment(`
  id::text, kind, client_id::text as "clientId", idempotency_key as "idempotencyKey",
  request_fingerprint as "requestFingerprint", status, sequence, business_short_code as "businessShortCode",
  party_b as "partyB", currency, amount_cents as "amountCents", paid_amount_cents as "paidAmountCents",
  phone_number as "phoneNumber", account_reference as "accountReference", description, metadata,
  merchant_request_id as "merchantRequestId", checkout_request_id as "checkoutRequestId",
  mpesa_receipt_number as "mpesaReceiptNumber", result_code as "resultCode",
  result_description as "resultDescription", failure_reason as "failureReason", settled_rank as "settledRank",
  attention::text[], created_at as "createdAt", updated_at as "updatedAt", accepted_at as "acceptedAt",
  settled_at as "settledAt", paid_at as "paidAt"`);
