import type { PrismaClient } from '../database/database.ts';
import type { Prisma } from '../database/generated/prisma/client.ts';
import type { EarlierCallback } from './evidence.ts';
import type { Payment, Rank } from './payment.ts';

/** The client within a database transaction. */
export type Tx = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

/** A payment whose row this database transaction holds, with what was stored about it. */
export type LockedPayment = {
  payment: Payment;
  /** Stored callback bodies, hash to evidence id: the same bytes again are counted, not stored. */
  bodies: Map<string, string>;
};

const parts = {
  attempts: { select: { number: true, checkoutRequestId: true } },
  receipts: { select: { receipt: true } },
  openWork: { select: { suspectedCode: true } },
  evidence: { where: { source: 'CALLBACK' }, omit: { body: true }, orderBy: { id: 'asc' } },
} satisfies Prisma.TransactionInclude;

type Row = Prisma.TransactionGetPayload<{ include: typeof parts }>;

/** Locks payments in the order of their ids, whatever order they are named in: that is what rules deadlocks out. */
export async function loadPayments(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedPayment>> {
  await tx.$queryRaw`select id from transactions where id = any(${ids}::uuid[]) order by id for update`;
  const rows = await tx.transaction.findMany({ where: { id: { in: [...ids] } }, include: parts });
  return new Map(rows.map((row) => [row.id, lockedPayment(row)]));
}

function lockedPayment(row: Row): LockedPayment {
  const known = row.attempts.filter((attempt) => attempt.checkoutRequestId !== null);
  const payment: Payment = {
    ...row,
    receipt: row.mpesaReceiptNumber,
    settledRank: row.settledRank as Rank | null,
    latestAttempt: Math.max(...row.attempts.map((attempt) => attempt.number)),
    checkoutRequestIds: new Map(known.map((attempt) => [attempt.number, attempt.checkoutRequestId ?? ''])),
    callbacks: earlierCallbacks(row),
    suspectedCode: row.openWork?.suspectedCode ?? null,
  };
  return { payment, bodies: new Map(row.evidence.map((kept) => [kept.bodyHash, kept.id])) };
}

function earlierCallbacks(row: Row): EarlierCallback[] {
  const ours = new Set(row.receipts.map(({ receipt }) => receipt));
  return row.evidence.flatMap(({ attemptNumber, resultCode, ...said }) =>
    attemptNumber === null || resultCode === null || said.verdict === 'DUPLICATE'
      ? []
      : [
          {
            ...said,
            attempt: attemptNumber,
            resultCode,
            receiptIsOurs: said.receipt === null || ours.has(said.receipt),
          },
        ],
  );
}
