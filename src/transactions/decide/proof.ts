import { readableAmount, type EarlierCallback } from './evidence.ts';
import { saidPaid } from './outcomes.ts';
import type { Payment } from './payment.ts';

export type Proof = Pick<Payment, 'receipt' | 'paidAmountCents' | 'paidAt'>;

/** What a success callback tells of the payment that it proves. */
export function proofFrom(callback: Pick<EarlierCallback, 'receipt' | 'amountCents' | 'paidAt'>): Proof {
  return { receipt: callback.receipt, paidAmountCents: readableAmount(callback), paidAt: callback.paidAt };
}

/** The same of one that came before and could not settle it, as one with another amount: it waits for another's word. */
export function proofHeard({ callbacks }: Payment): Proof {
  const callback = callbacks.find((earlier) => earlier.receiptIsOurs && saidPaid(earlier));
  return callback ? proofFrom(callback) : { receipt: null, paidAmountCents: null, paidAt: null };
}
