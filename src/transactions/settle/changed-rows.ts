import type { Payment } from '../decide/payment.ts';
import type { Target } from './settlement.ts';

export type PaymentRow = ReturnType<typeof columnsOf> & { id: string; updatedAt: Date };
export type EventRow = ReturnType<typeof eventRowsOf>[number];

/** The payment as it is now, if that differs from what it was. */
export function paymentRowsOf({ id, settlement: { before, decision, submissions } }: Target): PaymentRow[] {
  const updatedAt = submissions.at(-1)?.receivedAt;
  const columns = columnsOf(decision.payment);
  if (updatedAt === undefined || areSame(columns, columnsOf(before))) return [];
  return [{ id, ...columns, updatedAt }];
}

export function eventRowsOf({ id, settlement }: Target) {
  return settlement.decision.events.map((event) => ({ ...event, transactionId: id }));
}

function columnsOf(payment: Payment) {
  return {
    status: payment.status,
    sequence: payment.sequence,
    paidAmountCents: payment.paidAmountCents,
    receipt: payment.receipt,
    paidAt: payment.paidAt,
    resultCode: payment.resultCode,
    resultDescription: payment.resultDescription,
    failureReason: payment.failureReason,
    settledRank: payment.settledRank,
    // An array in an array would be one of two dimensions.
    attention: `{${payment.attention.join()}}`,
    acceptedAt: payment.acceptedAt,
    settledAt: payment.settledAt,
    merchantRequestId: payment.merchantRequestId,
    checkoutRequestId: payment.checkoutRequestId,
  };
}

type Columns = ReturnType<typeof columnsOf>;

function areSame(after: Columns, before: Columns): boolean {
  return (Object.keys(after) as (keyof Columns)[]).every(
    (name) => comparable(after[name]) === comparable(before[name]),
  );
}

function comparable(value: Columns[keyof Columns]) {
  return value instanceof Date ? value.getTime() : value;
}
