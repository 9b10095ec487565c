import { column } from '../../database/array-literal.ts';
import type { Evidence, Transaction } from '../../database/generated/prisma/client.ts';
import type { Sql } from '../../database/sql.ts';
import type { EarlierCallback } from '../decide/evidence.ts';
import type { Payment, Rank } from '../decide/payment.ts';
import { claimsOf, foreignReceiptsAmong, type Claim } from './receipt-claims.ts';
import type { Addressed, Submission } from './submission.ts';

/** A payment whose row this database transaction holds, with what was stored about it. */
export type LockedPayment = {
  payment: Payment;
  createdAt: Date;
  /** Stored callback bodies to evidence ids, by `bodyKey`: the same bytes again are counted, not stored. */
  bodies: Map<string, string>;
};

export type Loaded = {
  payments: Map<string, LockedPayment>;
  /** Ids of submissions that were stored before and have their verdict. */
  storedIds: ReadonlySet<string>;
  /** By `claimKey`: receipts that belong to another payment than the one that names them. */
  foreignReceipts: ReadonlySet<string>;
};

/**
 * Locks payments in the order of their ids, whatever order they are named in: that is what rules deadlocks out. Then
 * reads what is stored about them and claims the receipts that they are to have.
 */
export async function loadPayments(
  sql: Sql,
  addressed: readonly Addressed[],
  submissions: readonly Submission[],
): Promise<Loaded> {
  const ids = [...new Set(addressed.map(({ transactionId }) => transactionId))];
  const rows = ids.length === 0 ? [] : await lockRows(sql, ids);
  const locked = new Set(rows.map(({ id }) => id));
  const claims = claimsOf(addressed.filter(({ transactionId }) => locked.has(transactionId)));
  // Only now: a statement that had to wait for a lock sees other tables as they were before it waited.
  const facts = await readFacts(sql, ids, submissions, claims);
  const attempts = Map.groupBy(facts.attempts ?? [], ({ transactionId }) => transactionId);
  const callbacks = Map.groupBy(facts.callbacks ?? [], ({ transactionId }) => transactionId);
  return {
    payments: new Map(
      rows.map((row) => [
        row.id,
        lockedPayment(row, attempts.get(row.id) ?? [], callbacks.get(row.id) ?? []),
      ]),
    ),
    storedIds: new Set(facts.stored),
    foreignReceipts: await foreignReceiptsAmong(sql, claims, facts.claimed ?? []),
  };
}

type Row = Pick<Transaction, 'id' | 'createdAt' | 'settledRank'> &
  Omit<
    Payment,
    'settledRank' | 'latestAttempt' | 'checkoutRequestIds' | 'callbacks' | keyof Work | 'isDispatched'
  >;

/** A row that had to be waited for is answered with as it is now. */
function lockRows(sql: Sql, ids: readonly string[]): Promise<Row[]> {
  return sql<Row>`
    select id::text, status, sequence, amount_cents as "amountCents", paid_amount_cents as "paidAmountCents",
      mpesa_receipt_number as "receipt", paid_at as "paidAt", result_code as "resultCode",
      result_description as "resultDescription", failure_reason as "failureReason", settled_rank as "settledRank",
      attention::text[], accepted_at as "acceptedAt", settled_at as "settledAt",
      merchant_request_id as "merchantRequestId", checkout_request_id as "checkoutRequestId",
      created_at as "createdAt"
    from transactions where id = any(${ids}::uuid[]) order by id for update`;
}

type Work = Pick<Payment, 'suspectedCode' | 'mayConfirm' | 'isLeaseExpired'>;
/** With what is still to be done for their payment, which is the same for all of them. */
type AttemptRow = Work & {
  transactionId: string;
  number: number;
  checkoutRequestId: string | null;
  isDispatched: boolean;
};

type CallbackRow = Pick<
  Evidence,
  | 'id'
  | 'verdict'
  | 'attemptNumber'
  | 'bodyHash'
  | 'checkoutRequestId'
  | 'resultCode'
  | 'receipt'
  | 'amountCents'
> & { transactionId: string; receiptIsOurs: boolean; paidAt: string | null };

/** Null where there is none. */
type Facts = {
  attempts: AttemptRow[] | null;
  callbacks: CallbackRow[] | null;
  stored: string[] | null;
  claimed: string[] | null;
};

/** A statement that had to wait sees the time at which it goes on, not the one at which it began. */
async function readFacts(
  sql: Sql,
  ids: readonly string[],
  submissions: readonly Submission[],
  claims: readonly Claim[],
): Promise<Facts> {
  const arrivals = submissions.filter(leavesEvidence).map(({ id }) => id);
  const [facts] = await sql<Facts>`
    with claimed as (
      insert into receipts (receipt, transaction_id, created_at)
      select * from unnest(
        ${column(claims, 'receipt')}::text[], ${column(claims, 'transactionId')}::uuid[],
        ${column(claims, 'createdAt')}::timestamptz[])
      on conflict do nothing
      returning receipt)
    select
      (select json_agg(found) from (
        select a.transaction_id as "transactionId", a.number, a.checkout_request_id as "checkoutRequestId",
          a.dispatched_at is not null as "isDispatched", w.suspected_code as "suspectedCode",
          coalesce(w.confirm_after <= clock_timestamp(), true) as "mayConfirm",
          coalesce(w.lease_expires_at < clock_timestamp(), false) as "isLeaseExpired"
        from attempts a left join open_work w on w.transaction_id = a.transaction_id
        where a.transaction_id = any(${ids}::uuid[]) order by a.number) found) as attempts,
      (select json_agg(found) from (
        select e.id, e.transaction_id as "transactionId", e.verdict, e.attempt_number as "attemptNumber",
          e.body_hash as "bodyHash", e.checkout_request_id as "checkoutRequestId", e.result_code as "resultCode",
          e.receipt, e.amount_cents as "amountCents", e.paid_at as "paidAt",
          e.receipt is null or r.receipt is not null as "receiptIsOurs"
        from evidence e
        left join receipts r on r.receipt = e.receipt and r.transaction_id = e.transaction_id
        where e.transaction_id = any(${ids}::uuid[]) and e.source = 'CALLBACK' order by e.id) found) as callbacks,
      -- An UNMATCHED one is stored and yet to be settled: it comes again when its payment is known.
      (select json_agg(id) from evidence
        where id = any(${arrivals}::uuid[]) and verdict <> 'UNMATCHED') as stored,
      (select json_agg(receipt) from claimed) as claimed`;
  if (facts === undefined) throw new Error('The database gave no row where it always gives one');
  return facts;
}

/** What Daraja answered to a push leaves none, and may be heard twice without harm. */
function leavesEvidence(submission: Submission): boolean {
  return submission.body !== null || (submission.kind === 'evidence' && submission.evidence.kind === 'query');
}

function lockedPayment(
  { id: _id, createdAt, settledRank, ...row }: Row,
  attempts: readonly AttemptRow[],
  callbacks: readonly CallbackRow[],
): LockedPayment {
  const latest = attempts.at(-1);
  const payment: Payment = {
    ...row,
    settledRank: settledRank as Rank | null,
    latestAttempt: latest?.number ?? 1,
    checkoutRequestIds: new Map(
      attempts.flatMap(({ number, checkoutRequestId }): [number, string][] =>
        checkoutRequestId === null ? [] : [[number, checkoutRequestId]],
      ),
    ),
    callbacks: callbacks.flatMap(earlierCallback),
    suspectedCode: latest?.suspectedCode ?? null,
    mayConfirm: latest?.mayConfirm ?? true,
    isLeaseExpired: latest?.isLeaseExpired ?? false,
    isDispatched: latest?.isDispatched ?? false,
  };
  const bodies = callbacks.map(
    ({ id, attemptNumber, bodyHash }) => [bodyKey(attemptNumber, bodyHash), id] as const,
  );
  return { payment, createdAt, bodies: new Map(bodies) };
}

function earlierCallback({
  attemptNumber: attempt,
  resultCode,
  paidAt,
  ...said
}: CallbackRow): EarlierCallback[] {
  return attempt === null || resultCode === null || said.verdict === 'DUPLICATE'
    ? []
    : [{ ...said, attempt, resultCode, paidAt: paidAt === null ? null : new Date(paidAt) }];
}

/** Two attempts may be told the same in the same words; that is said twice. */
export function bodyKey(attempt: number | null, bodyHash: string): string {
  return `${String(attempt)} ${bodyHash}`;
}
