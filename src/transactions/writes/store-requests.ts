import type { Sql } from '../../database/sql.ts';
import { fingerprintOf, type PaymentRequest } from '../request-rules.ts';
import { promptLeaseMs } from './mark-dispatched.ts';

export type NewPayment = {
  id: string;
  clientId: string;
  createdAt: Date;
  /** Who may push for it. */
  leaseHolder: string;
  merchant: { businessShortCode: string; partyB: string };
  request: PaymentRequest;
};

/**
 * Stores payments that are asked for, each with the right to push, in one statement. Says of each whether it is stored: of
 * two that have one key, one stores all of it and the other nothing.
 */
export async function storeRequests(sql: Sql, payments: readonly NewPayment[]): Promise<boolean[]> {
  // In the order of their keys: two processes that are asked for the same must not wait for each other.
  // Leases run on the database's clock: the processes that compare them may disagree about the time.
  const stored = await sql<{ id: string }>`
    with asked as (
      select * from jsonb_to_recordset(${JSON.stringify(payments.map(rowOf))}::jsonb) as n(
        id uuid, client_id uuid, idempotency_key text, request_fingerprint text, business_short_code text,
        party_b text, amount_cents int, phone_number text, account_reference text, description text,
        metadata jsonb, created_at timestamptz, lease_holder text)),
    payment as (
      insert into transactions (
        id, kind, client_id, idempotency_key, request_fingerprint, status, sequence, business_short_code, party_b,
        amount_cents, phone_number, account_reference, description, metadata, attention, created_at, updated_at)
      select
        id, 'STK_PUSH', client_id, idempotency_key, request_fingerprint, 'REQUESTED', 1, business_short_code, party_b,
        amount_cents, phone_number, account_reference, description, metadata, '{}', created_at, created_at
      from asked order by client_id, idempotency_key
      on conflict do nothing
      returning id, created_at),
    event as (
      insert into transaction_events (transaction_id, sequence, status, source, occurred_at, message)
      select id, 1, 'REQUESTED', 'API', created_at, 'Payment requested.' from payment),
    attempt as (
      insert into attempts (transaction_id, number, created_at) select id, 1, created_at from payment),
    work as (
      insert into open_work (transaction_id, lease_holder, lease_expires_at)
      select id, lease_holder, clock_timestamp() + ${promptLeaseMs}::int * interval '1 ms'
      from payment join asked using (id))
    select id::text from payment`;
  const ids = new Set(stored.map(({ id }) => id));
  return payments.map(({ id }) => ids.has(id));
}

function rowOf({ id, clientId, createdAt, leaseHolder, merchant, request }: NewPayment) {
  const { idempotencyKey, phoneNumber, amountShillings, accountReference, description, metadata } = request;
  return {
    id,
    client_id: clientId,
    idempotency_key: idempotencyKey,
    request_fingerprint: fingerprintOf(request),
    business_short_code: merchant.businessShortCode,
    party_b: merchant.partyB,
    amount_cents: amountShillings * 100,
    phone_number: phoneNumber.reveal(),
    account_reference: accountReference,
    description,
    // Left out where there is none: JSON's null is a value of its own.
    ...(metadata === null ? {} : { metadata }),
    created_at: createdAt,
    lease_holder: leaseHolder,
  };
}
