import type { Evidence, Transaction } from '../../database/generated/prisma/client.ts';
import type { Sql } from '../../database/sql.ts';
import type { EarlierCallback } from '../decide/evidence.ts';
import type { Payment, Rank } from '../decide/payment.ts';

/** A payment whose row this database transaction holds, with what was stored about it. */
export type LockedPayment = {
  payment: Payment;
  createdAt: Date;
  /** Stored callback bodies to evidence ids, by `bodyKey`: the same bytes again are counted, not stored. */
  bodies: Map<string, string>;
};

/** Locks payments in the order of their ids, whatever order they are named in: that is what rules deadlocks out. */
export async function loadPayments(sql: Sql, ids: readonly string[]): Promise<Map<string, LockedPayment>> {
  if (ids.length === 0) return new Map();
  // Read only by what follows: a statement that had to wait for a lock sees other tables as they were before.
  await sql`select from transactions where id = any(${ids}::uuid[]) order by id for update`;
  const rows = await readRows(sql, ids);
  const parts = groupParts(await readParts(sql, ids));
  return new Map(rows.map((row) => [row.id, lockedPayment(row, parts(row.id))]));
}

type Row = Pick<Transaction, 'id' | 'createdAt' | 'settledRank'> &
  Omit<
    Payment,
    'settledRank' | 'latestAttempt' | 'checkoutRequestIds' | 'callbacks' | keyof Work | 'isDispatched'
  >;

function readRows(sql: Sql, ids: readonly string[]): Promise<Row[]> {
  return sql<Row>`
    select id::text, status, sequence, amount_cents as "amountCents", paid_amount_cents as "paidAmountCents",
      mpesa_receipt_number as "receipt", paid_at as "paidAt", result_code as "resultCode",
      result_description as "resultDescription", failure_reason as "failureReason", settled_rank as "settledRank",
      attention::text[], accepted_at as "acceptedAt", settled_at as "settledAt",
      merchant_request_id as "merchantRequestId", checkout_request_id as "checkoutRequestId",
      created_at as "createdAt"
    from transactions where id = any(${ids}::uuid[])`;
}

type Work = Pick<Payment, 'suspectedCode' | 'mayConfirm' | 'isLeaseExpired'>;
type Of<Part> = Part & { transactionId: string };
type AttemptPart = Of<{ number: number; checkoutRequestId: string | null; isDispatched: boolean }>;
type CallbackPart = Of<
  Pick<
    Evidence,
    | 'id'
    | 'verdict'
    | 'attemptNumber'
    | 'checkoutRequestId'
    | 'bodyHash'
    | 'resultCode'
    | 'receipt'
    | 'amountCents'
    | 'paidAt'
  >
>;

async function readParts(sql: Sql, ids: readonly string[]) {
  const attempts = await sql<AttemptPart>`
    select transaction_id::text as "transactionId", number, checkout_request_id as "checkoutRequestId",
      dispatched_at is not null as "isDispatched"
    from attempts where transaction_id = any(${ids}::uuid[]) order by number`;
  const receipts = await sql<Of<{ receipt: string }>>`
    select transaction_id::text as "transactionId", receipt from receipts
    where transaction_id = any(${ids}::uuid[])`;
  // A statement that had to wait sees the time at which it goes on, not the one at which it began.
  const work = await sql<Of<Work>>`
    select transaction_id::text as "transactionId", suspected_code as "suspectedCode",
      coalesce(confirm_after <= clock_timestamp(), true) as "mayConfirm",
      coalesce(lease_expires_at < clock_timestamp(), false) as "isLeaseExpired"
    from open_work where transaction_id = any(${ids}::uuid[])`;
  const callbacks = await sql<CallbackPart>`
    select id::text, transaction_id::text as "transactionId", verdict, attempt_number as "attemptNumber",
      body_hash as "bodyHash", checkout_request_id as "checkoutRequestId", result_code as "resultCode", receipt, amount_cents as "amountCents",
      paid_at as "paidAt"
    from evidence where transaction_id = any(${ids}::uuid[]) and source = 'CALLBACK' order by id`;
  return { attempts, receipts, work, callbacks };
}

type Parts = Awaited<ReturnType<typeof readParts>>;

function groupParts({ attempts, receipts, work, callbacks }: Parts): (id: string) => Parts {
  const byPayment = <Part extends { transactionId: string }>(parts: Part[]) => {
    const groups = Map.groupBy(parts, ({ transactionId }) => transactionId);
    return (id: string) => groups.get(id) ?? [];
  };
  const of = {
    attempts: byPayment(attempts),
    receipts: byPayment(receipts),
    work: byPayment(work),
    callbacks: byPayment(callbacks),
  };
  return (id) => ({
    attempts: of.attempts(id),
    receipts: of.receipts(id),
    work: of.work(id),
    callbacks: of.callbacks(id),
  });
}

function lockedPayment({ id: _id, createdAt, settledRank, ...row }: Row, parts: Parts): LockedPayment {
  const [work] = parts.work;
  const latest = parts.attempts.at(-1);
  const payment: Payment = {
    ...row,
    settledRank: settledRank as Rank | null,
    latestAttempt: latest?.number ?? 1,
    checkoutRequestIds: new Map(
      parts.attempts.flatMap(({ number, checkoutRequestId }): [number, string][] =>
        checkoutRequestId === null ? [] : [[number, checkoutRequestId]],
      ),
    ),
    callbacks: earlierCallbacks(parts),
    suspectedCode: work?.suspectedCode ?? null,
    mayConfirm: work?.mayConfirm ?? true,
    isLeaseExpired: work?.isLeaseExpired ?? false,
    isDispatched: latest?.isDispatched ?? false,
  };
  const bodies = parts.callbacks.map(
    ({ id, attemptNumber, bodyHash }) => [bodyKey(attemptNumber, bodyHash), id] as const,
  );
  return { payment, createdAt, bodies: new Map(bodies) };
}

function earlierCallbacks({ receipts, callbacks }: Parts): EarlierCallback[] {
  const ours = new Set(receipts.map(({ receipt }) => receipt));
  return callbacks.flatMap(({ attemptNumber: attempt, resultCode, ...said }) =>
    attempt === null || resultCode === null || said.verdict === 'DUPLICATE'
      ? []
      : [{ ...said, attempt, resultCode, receiptIsOurs: said.receipt === null || ours.has(said.receipt) }],
  );
}

/** Two attempts may be told the same in the same words; that is said twice. */
export function bodyKey(attempt: number | null, bodyHash: string): string {
  return `${String(attempt)} ${bodyHash}`;
}
