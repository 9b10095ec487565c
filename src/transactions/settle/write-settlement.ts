import { arrayLiteral, column } from '../../database/array-literal.ts';
import type { Sql } from '../../database/sql.ts';
import type { AttemptRow } from './attempt-rows.ts';
import type { EvidenceRow } from './keep-evidence.ts';
import type { EventRow, PaymentRow } from './changed-rows.ts';

/** What a settlement leaves in the database. */
export type SettlementRows = {
  payments: readonly PaymentRow[];
  events: readonly EventRow[];
  attempts: readonly AttemptRow[];
  evidence: readonly EvidenceRow[];
  /** Payments for which nothing is left to be done. */
  done: readonly string[];
  /** Payments that nobody holds the right to push any longer. None of them is done. */
  released: readonly string[];
};

/** In one statement, for one payment as for two hundred; no two of its parts touch the same row. */
export async function writeSettlement(sql: Sql, rows: SettlementRows): Promise<void> {
  const { payments, events, attempts, evidence } = rows;
  const matched = evidence.filter(({ verdict, body }) => verdict !== 'UNMATCHED' && body !== null);
  await sql`
    with moved as (
      update transactions t set
        status = n.status, sequence = n.sequence, paid_amount_cents = n.paid_amount_cents,
        mpesa_receipt_number = n.mpesa_receipt_number, paid_at = n.paid_at, result_code = n.result_code,
        result_description = n.result_description, failure_reason = n.failure_reason,
        settled_rank = n.settled_rank, attention = n.attention::"AttentionReason"[],
        accepted_at = n.accepted_at, settled_at = n.settled_at, merchant_request_id = n.merchant_request_id,
        checkout_request_id = n.checkout_request_id,
        -- Evidence that waited for its payment is older than what happened meanwhile.
        updated_at = greatest(t.updated_at, n.updated_at)
      from unnest(
        ${column(payments, 'id')}::uuid[], ${column(payments, 'status')}::"TransactionStatus"[],
        ${column(payments, 'sequence')}::int[], ${column(payments, 'paidAmountCents')}::int[],
        ${column(payments, 'receipt')}::text[], ${column(payments, 'paidAt')}::timestamptz[],
        ${column(payments, 'resultCode')}::text[], ${column(payments, 'resultDescription')}::text[],
        ${column(payments, 'failureReason')}::"FailureReason"[], ${column(payments, 'settledRank')}::smallint[],
        ${column(payments, 'attention')}::text[], ${column(payments, 'acceptedAt')}::timestamptz[],
        ${column(payments, 'settledAt')}::timestamptz[], ${column(payments, 'merchantRequestId')}::text[],
        ${column(payments, 'checkoutRequestId')}::text[], ${column(payments, 'updatedAt')}::timestamptz[])
        as n(id, status, sequence, paid_amount_cents, mpesa_receipt_number, paid_at, result_code,
          result_description, failure_reason, settled_rank, attention, accepted_at, settled_at,
          merchant_request_id, checkout_request_id, updated_at)
      where t.id = n.id),
    told as (
      insert into transaction_events (transaction_id, sequence, status, source, occurred_at, result_code, message)
      select * from unnest(
        ${column(events, 'transactionId')}::uuid[], ${column(events, 'sequence')}::int[],
        ${column(events, 'status')}::"TransactionStatus"[], ${column(events, 'source')}::"EvidenceSource"[],
        ${column(events, 'occurredAt')}::timestamptz[], ${column(events, 'resultCode')}::text[],
        ${column(events, 'message')}::text[])),
    answered as (
      update attempts a set
        checkout_request_id = coalesce(n.checkout_request_id, a.checkout_request_id),
        merchant_request_id = case when n.checkout_request_id is null then a.merchant_request_id
          else n.merchant_request_id end,
        answered_at = coalesce(n.answered_at, a.answered_at),
        dispatched_at = case when n.never_left then null else a.dispatched_at end,
        message = coalesce(n.message, a.message),
        error_code = case when n.has_error_code then n.error_code else a.error_code end
      from unnest(
        ${column(attempts, 'transactionId')}::uuid[], ${column(attempts, 'number')}::smallint[],
        ${column(attempts, 'checkoutRequestId')}::text[], ${column(attempts, 'merchantRequestId')}::text[],
        ${column(attempts, 'answeredAt')}::timestamptz[], ${column(attempts, 'neverLeft')}::boolean[],
        ${column(attempts, 'message')}::text[], ${column(attempts, 'hasErrorCode')}::boolean[],
        ${column(attempts, 'errorCode')}::text[])
        as n(transaction_id, number, checkout_request_id, merchant_request_id, answered_at, never_left, message,
          has_error_code, error_code)
      where a.transaction_id = n.transaction_id and a.number = n.number),
    kept as (
      insert into evidence (
        id, source, verdict, verdict_reason, transaction_id, attempt_number, received_at, peer, body, body_hash,
        merchant_request_id, checkout_request_id, result_code, result_description, receipt, amount_cents, paid_at)
      select * from unnest(
        ${column(evidence, 'id')}::uuid[], ${column(evidence, 'source')}::"EvidenceSource"[],
        ${column(evidence, 'verdict')}::"EvidenceVerdict"[], ${column(evidence, 'verdictReason')}::text[],
        ${column(evidence, 'transactionId')}::uuid[], ${column(evidence, 'attemptNumber')}::smallint[],
        ${column(evidence, 'receivedAt')}::timestamptz[], ${column(evidence, 'peer')}::text[],
        ${column(evidence, 'body')}::bytea[], ${column(evidence, 'bodyHash')}::text[],
        ${column(evidence, 'merchantRequestId')}::text[], ${column(evidence, 'checkoutRequestId')}::text[],
        ${column(evidence, 'resultCode')}::text[], ${column(evidence, 'resultDescription')}::text[],
        ${column(evidence, 'receipt')}::text[], ${column(evidence, 'amountCents')}::int[],
        ${column(evidence, 'paidAt')}::timestamptz[])
      -- An UNMATCHED row whose payment has become known gets its verdict. A verdict that was given is never taken
      -- back: the same arrival may have been settled elsewhere while this settlement, which did not know its
      -- payment, stood still.
      on conflict (id) do update set verdict = excluded.verdict, verdict_reason = excluded.verdict_reason,
        transaction_id = excluded.transaction_id, attempt_number = excluded.attempt_number
      where evidence.verdict = 'UNMATCHED'),
    matched as (
      delete from unmatched_evidence where evidence_id = any(${column(matched, 'id')}::uuid[])),
    done as (
      delete from open_work where transaction_id = any(${arrayLiteral(rows.done)}::uuid[]))
    update open_work set lease_holder = null, lease_expires_at = null
    where transaction_id = any(${arrayLiteral(rows.released)}::uuid[])`;
}
