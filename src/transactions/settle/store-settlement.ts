import type { Sql } from '../../database/sql.ts';
import type { Evidence } from '../decide/evidence.ts';
import { keepEvidence } from './keep-evidence.ts';
import type { Payment } from '../decide/payment.ts';
import { scheduleWork } from './schedule-work.ts';
import type { Settlement, Target } from './settlement.ts';
import { attemptOf, type Addressed, type Submission } from './submission.ts';

/** Writes settlements in statements whose number does not grow with the batch, except for answers of Daraja. */
export async function storeSettlement(
  sql: Sql,
  ids: readonly string[],
  settlements: readonly Settlement[],
  unmatched: readonly Submission[],
): Promise<void> {
  const targets = settlements.map((settlement, index): Target => ({ id: ids[index] ?? '', settlement }));
  await movePayments(sql, targets);
  await appendEvents(sql, targets);
  await keepEvidence(sql, targets, unmatched);
  await keepIds(sql, targets);
  for (const { id, settlement } of targets) {
    for (const submission of settlement.submissions) {
      const isApplied = settlement.judgements.get(submission.id)?.verdict === 'APPLIED';
      if (submission.kind === 'evidence' && (isApplied || submission.evidence.source !== 'TIMER')) {
        await noteAnswer(
          sql,
          id,
          submission.evidence,
          submission.receivedAt,
          settlement.before.latestAttempt,
        );
      }
    }
  }
  await scheduleWork(sql, targets);
}

async function movePayments(sql: Sql, targets: readonly Target[]): Promise<void> {
  const rows = targets.flatMap(({ id, settlement: { before, decision, submissions } }) => {
    const columns = columnsOf(decision.payment);
    if (areSame(columns, columnsOf(before))) return [];
    return [{ id, ...columns, updated_at: submissions.at(-1)?.receivedAt }];
  });
  if (rows.length === 0) return;
  await sql`
    update transactions t set
      status = n.status::"TransactionStatus", sequence = n.sequence, paid_amount_cents = n.paid_amount_cents,
      mpesa_receipt_number = n.mpesa_receipt_number, paid_at = n.paid_at, result_code = n.result_code,
      result_description = n.result_description, failure_reason = n.failure_reason::"FailureReason",
      settled_rank = n.settled_rank, attention = n.attention::"AttentionReason"[], accepted_at = n.accepted_at,
      settled_at = n.settled_at, merchant_request_id = n.merchant_request_id,
      checkout_request_id = n.checkout_request_id,
      -- Evidence that waited for its payment is older than what happened meanwhile.
      updated_at = greatest(t.updated_at, n.updated_at)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n(
      id uuid, status text, sequence int, paid_amount_cents int, mpesa_receipt_number text, paid_at timestamptz,
      result_code text, result_description text, failure_reason text, settled_rank smallint, attention text[],
      accepted_at timestamptz, settled_at timestamptz, merchant_request_id text, checkout_request_id text,
      updated_at timestamptz)
    where t.id = n.id`;
}

function columnsOf(payment: Payment) {
  return {
    status: payment.status,
    sequence: payment.sequence,
    paid_amount_cents: payment.paidAmountCents,
    mpesa_receipt_number: payment.receipt,
    paid_at: payment.paidAt,
    result_code: payment.resultCode,
    result_description: payment.resultDescription,
    failure_reason: payment.failureReason,
    settled_rank: payment.settledRank,
    attention: payment.attention,
    accepted_at: payment.acceptedAt,
    settled_at: payment.settledAt,
    merchant_request_id: payment.merchantRequestId,
    checkout_request_id: payment.checkoutRequestId,
  };
}

type Columns = ReturnType<typeof columnsOf>;

function areSame(after: Columns, before: Columns): boolean {
  return (Object.keys(after) as (keyof Columns)[]).every(
    (name) => comparable(after[name]) === comparable(before[name]),
  );
}

function comparable(value: Columns[keyof Columns]) {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'object' ? value?.join() : value;
}

async function appendEvents(sql: Sql, targets: readonly Target[]): Promise<void> {
  const rows = targets.flatMap(({ id, settlement }) =>
    settlement.decision.events.map(({ occurredAt, resultCode, ...event }) => ({
      ...event,
      transaction_id: id,
      occurred_at: occurredAt,
      result_code: resultCode,
    })),
  );
  if (rows.length === 0) return;
  await sql`
    insert into transaction_events (transaction_id, sequence, status, source, occurred_at, result_code, message)
    select transaction_id, sequence, status::"TransactionStatus", source::"EvidenceSource", occurred_at,
      result_code, message
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n(
      transaction_id uuid, sequence int, status text, source text, occurred_at timestamptz, result_code text,
      message text)`;
}

/** Ids that an answer or a callback brought are kept, whatever the state of the payment; an answer knows better. */
async function keepIds(sql: Sql, targets: readonly Target[]): Promise<void> {
  const rows = targets.flatMap(({ id, settlement: { before, decision, submissions } }) =>
    [...decision.payment.checkoutRequestIds]
      .filter(([attempt, name]) => before.checkoutRequestIds.get(attempt) !== name)
      .map(([number, checkoutRequestId]) => ({
        id,
        number,
        checkout: checkoutRequestId,
        merchant: merchantRequestIdOf(submissions, number),
      })),
  );
  if (rows.length === 0) return;
  await sql`
    update attempts a set checkout_request_id = n.checkout, merchant_request_id = n.merchant
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n(id uuid, number smallint, checkout text, merchant text)
    where a.transaction_id = n.id and a.number = n.number`;
}

function merchantRequestIdOf(submissions: readonly Addressed[], attempt: number): string | null {
  for (const submission of submissions) {
    if (attemptOf(submission) !== attempt || submission.kind !== 'evidence') continue;
    const { evidence } = submission;
    if ('merchantRequestId' in evidence && evidence.merchantRequestId !== null)
      return evidence.merchantRequestId;
  }
  return null;
}

/** A push was answered: its attempt says how, and if it is the latest nobody holds the right to push any longer. */
async function noteAnswer(
  sql: Sql,
  transactionId: string,
  evidence: Evidence,
  receivedAt: Date,
  latestAttempt: number,
): Promise<void> {
  if (evidence.source !== 'DARAJA_ANSWER' && evidence.source !== 'TIMER') return;
  const neverLeft = evidence.kind === 'prompt-refused' || evidence.kind === 'prompt-not-sent';
  const isAnswer = evidence.source === 'DARAJA_ANSWER';
  const message = 'message' in evidence ? evidence.message : null;
  const errorCode = 'errorCode' in evidence ? evidence.errorCode : null;
  await sql`
    update attempts set
      answered_at = case when ${isAnswer}::boolean then ${receivedAt}::timestamptz else answered_at end,
      dispatched_at = case when ${neverLeft}::boolean then null else dispatched_at end,
      message = coalesce(${message}::text, message),
      error_code = case when ${'errorCode' in evidence}::boolean then ${errorCode} else error_code end
    where transaction_id = ${transactionId}::uuid and number = ${evidence.attempt}::smallint`;
  // Without its lease an attempt that nobody makes would never be found.
  if (evidence.attempt !== latestAttempt) return;
  await sql`
    update open_work set lease_holder = null, lease_expires_at = null
    where transaction_id = ${transactionId}::uuid`;
}
