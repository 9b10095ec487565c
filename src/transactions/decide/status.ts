import type { TransactionStatus } from '../../database/generated/prisma/enums.ts';

/**
 * Every move a transaction may make. Daraja may deliver a callback twice, late, or after a query said otherwise:
 * COMPLETED is never left, and every other final state yields only to proof of payment.
 */
const nextStatuses: Record<TransactionStatus, readonly TransactionStatus[]> = {
  REQUESTED: ['AWAITING_PAYER', 'UNCONFIRMED', 'COMPLETED', 'CANCELLED', 'EXPIRED', 'FAILED'],
  AWAITING_PAYER: ['COMPLETED', 'CANCELLED', 'EXPIRED', 'FAILED'],
  UNCONFIRMED: ['AWAITING_PAYER', 'COMPLETED', 'CANCELLED', 'EXPIRED', 'FAILED'],
  COMPLETED: [],
  CANCELLED: ['COMPLETED'],
  EXPIRED: ['COMPLETED'],
  FAILED: ['COMPLETED'],
};

const finalStatuses: Record<TransactionStatus, boolean> = {
  REQUESTED: false,
  AWAITING_PAYER: false,
  UNCONFIRMED: false,
  COMPLETED: true,
  CANCELLED: true,
  EXPIRED: true,
  FAILED: true,
};

export function mayMove(from: TransactionStatus, to: TransactionStatus): boolean {
  return nextStatuses[from].includes(to);
}

/** Malipo expects no further change; proof of payment may still come. */
export function isFinal(status: TransactionStatus): boolean {
  return finalStatuses[status];
}

export const openStatuses = ['REQUESTED', 'AWAITING_PAYER', 'UNCONFIRMED'] as const;
