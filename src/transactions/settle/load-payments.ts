import type { PrismaClient } from '../../database/database.ts';
import type { Transaction } from '../../database/generated/prisma/client.ts';
import type { EarlierCallback } from '../decide/evidence.ts';
import type { Payment, Rank } from '../decide/payment.ts';

/** The client within a database transaction. */
export type Tx = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

/** A payment whose row this database transaction holds, with what was stored about it. */
export type LockedPayment = {
  payment: Payment;
  createdAt: Date;
  /** Stored callback bodies to evidence ids, by `bodyKey`: the same bytes again are counted, not stored. */
  bodies: Map<string, string>;
};

/** Locks payments in the order of their ids, whatever order they are named in: that is what rules deadlocks out. */
export async function loadPayments(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedPayment>> {
  if (ids.length === 0) return new Map();
  await tx.$queryRaw`select id from transactions where id = any(${ids}::uuid[]) order by id for update`;
  // One after the other: a database transaction has one connection, and a nested read would use it twice at once.
  const id = { in: [...ids] };
  const rows = await tx.transaction.findMany({ where: { id } });
  const parts = groupParts(await readParts(tx, { transactionId: id }));
  return new Map(rows.map((row) => [row.id, lockedPayment(row, parts(row.id))]));
}

type Work = {
  transactionId: string;
  suspectedCode: string | null;
  mayConfirm: boolean;
  isLeaseExpired: boolean;
};

async function readParts(tx: Tx, where: { transactionId: { in: string[] } }) {
  const attempts = await tx.attempt.findMany({ where, orderBy: { number: 'asc' } });
  const receipts = await tx.receipt.findMany({ where });
  // A statement that had to wait sees the time at which it goes on, not the one at which it began.
  const work = await tx.$queryRaw<Work[]>`
    select transaction_id::text as "transactionId", suspected_code as "suspectedCode",
      coalesce(confirm_after <= clock_timestamp(), true) as "mayConfirm",
      coalesce(lease_expires_at < clock_timestamp(), false) as "isLeaseExpired"
    from open_work where transaction_id = any(${where.transactionId.in}::uuid[])`;
  const callbacks = await tx.evidence.findMany({
    where: { ...where, source: 'CALLBACK' },
    omit: { body: true },
    orderBy: { id: 'asc' },
  });
  return { attempts, receipts, work, callbacks };
}

type Parts = Awaited<ReturnType<typeof readParts>>;

function groupParts({ attempts, receipts, work, callbacks }: Parts): (id: string) => Parts {
  const byPayment = <Part extends { transactionId: string | null }>(parts: Part[]) => {
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

function lockedPayment(row: Transaction, parts: Parts): LockedPayment {
  const [work] = parts.work;
  const latest = parts.attempts.at(-1);
  const payment: Payment = {
    ...row,
    receipt: row.mpesaReceiptNumber,
    settledRank: row.settledRank as Rank | null,
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
    isDispatched: latest?.dispatchedAt != null,
  };
  const bodies = parts.callbacks.map(
    ({ id, attemptNumber, bodyHash }) => [bodyKey(attemptNumber, bodyHash), id] as const,
  );
  return { payment, createdAt: row.createdAt, bodies: new Map(bodies) };
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
