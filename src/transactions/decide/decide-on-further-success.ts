import type { AttentionReason } from '../../database/generated/prisma/enums.ts';
import { isSettledByOperator } from './decide-on-operator.ts';
import { judgement, type EarlierCallback } from './evidence.ts';
import { saidPaid } from './outcomes.ts';
import type { Payment, Step, Weighed } from './payment.ts';
import { proofFrom, type Proof } from './proof.ts';

type Callback = Weighed & { kind: 'callback' };

/** A success for a payment that is completed: the details that a query could not give, or a second payment. */
export function furtherSuccess(payment: Payment, callback: Callback, amountFits: boolean): Step {
  const amountAttention: AttentionReason[] = amountFits ? [] : ['AMOUNT_DIFFERS'];
  const verdict = amountFits ? 'APPLIED' : 'CONFLICT';
  const isOfAnotherPrompt =
    payment.settledRank === 2 && differs(payment.checkoutRequestId, callback.checkoutRequestId);
  const hasAnotherReceipt = differs(payment.receipt, callback.receipt);
  if (isOfAnotherPrompt || hasAnotherReceipt || isSecondSuccess(payment, callback)) {
    return {
      judgement: judgement('CONFLICT', 'A second success for this payment.'),
      attention: ['PAID_TWICE', ...amountAttention],
    };
  }
  const filled = fillIn(payment, callback);
  if (filled !== null) {
    return {
      judgement: judgement(verdict, 'The details of a payment known to be paid.'),
      changes: { ...filled, settledRank: amountFits ? 1 : payment.settledRank },
      message:
        payment.receipt === null && filled.receipt !== null
          ? 'The receipt has come.'
          : 'Its details have come.',
      attention: [...amountAttention],
      // Of another amount M-Pesa has the last word; a person's is none.
      checkNow: !amountFits && isSettledByOperator(payment),
    };
  }
  return {
    judgement: judgement(amountFits ? 'DUPLICATE' : 'CONFLICT', 'Known to be paid.'),
    attention: [...amountAttention],
  };
}

/** Whether one before it was another payment. One whose receipt another payment holds was none of this one. */
export function isSecondSuccess({ callbacks }: Payment, callback: Callback): boolean {
  return callbacks.some(
    (earlier) => saidPaid(earlier) && earlier.receiptIsOurs && isAnother(earlier, callback),
  );
}

/** Two successes are two payments when a receipt or a CheckoutRequestID that both name differs. */
function isAnother(earlier: EarlierCallback, callback: Callback): boolean {
  return (
    differs(earlier.receipt, callback.receipt) ||
    differs(earlier.checkoutRequestId, callback.checkoutRequestId)
  );
}

function differs(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a !== b;
}

/** What a completed payment lacks and the callback has; null when that is nothing. */
function fillIn(
  payment: Payment,
  callback: Callback,
): (Proof & Pick<Payment, 'resultCode' | 'resultDescription'>) | null {
  const proof = proofFrom(callback);
  // Where a person said that it is paid, M-Pesa's code has not come yet.
  const { resultCode, resultDescription } = payment.resultCode === null ? callback : payment;
  const filled = {
    receipt: payment.receipt ?? proof.receipt,
    paidAmountCents: payment.paidAmountCents ?? proof.paidAmountCents,
    paidAt: payment.paidAt ?? proof.paidAt,
    resultCode,
    resultDescription,
  };
  const isNew =
    filled.resultCode !== payment.resultCode ||
    filled.receipt !== payment.receipt ||
    filled.paidAmountCents !== payment.paidAmountCents ||
    filled.paidAt !== payment.paidAt;
  return isNew ? filled : null;
}
