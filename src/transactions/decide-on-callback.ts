import type { AttentionReason } from '../database/generated/prisma/enums.ts';
import { judgement, readableAmount, type EarlierCallback } from './evidence.ts';
import { outcomeOfResult, saidPaid, type Failure } from './outcomes.ts';
import type { Payment, Step, Weighed } from './payment.ts';
import { isFinal } from './status.ts';

type Callback = Weighed & { kind: 'callback' };

/** What a genuine callback says. M-Pesa may post it twice, early, late, or after a query said otherwise. */
export function decideOnCallback(payment: Payment, callback: Callback): Step {
  if (payment.callbacks.some((earlier) => saysTheSame(earlier, callback))) {
    return { judgement: judgement('DUPLICATE', 'Said before.') };
  }
  const step = stepFor(payment, callback);
  return { ...step, changes: { ...idsFrom(payment, callback), ...step.changes } };
}

function stepFor(payment: Payment, callback: Callback): Step {
  const outcome = outcomeOfResult(callback.resultCode, callback.resultDescription);
  if (outcome.kind === 'paid') return success(payment, callback);
  if (outcome.kind === 'failed') return failure(payment, callback, outcome.failure);
  return {
    judgement: judgement('CONFLICT', `Result code ${callback.resultCode} is not on the list of results.`),
    checkNow: !isFinal(payment.status),
  };
}

function saysTheSame(earlier: EarlierCallback, callback: Callback): boolean {
  return (
    earlier.attempt === callback.attempt &&
    earlier.checkoutRequestId === callback.checkoutRequestId &&
    earlier.resultCode === callback.resultCode &&
    earlier.receipt === callback.receipt
  );
}

function success(payment: Payment, callback: Callback): Step {
  if (callback.receiptIsOurs === false) {
    return {
      judgement: judgement('CONFLICT', `Another payment has receipt ${callback.receipt ?? ''}.`),
      attention: ['EVIDENCE_CONTRADICTS'],
      checkNow: true,
    };
  }
  const amountFits = callback.amountCents === null || callback.amountCents === payment.amountCents;
  if (payment.status === 'COMPLETED') return furtherSuccess(payment, callback, amountFits);
  if (!amountFits) {
    return {
      judgement: judgement('CONFLICT', 'A success with another amount: a query decides.'),
      attention: ['AMOUNT_DIFFERS'],
      checkNow: true,
    };
  }
  const paidBefore = payment.callbacks.some((earlier) => saidPaid(earlier) && isAnother(earlier, callback));
  return {
    judgement: judgement('APPLIED', 'Paid.'),
    changes: {
      status: 'COMPLETED',
      settledRank: 1,
      // An earlier failure is withdrawn: the payment was settled now.
      settledAt: null,
      failureReason: null,
      suspectedCode: null,
      resultCode: callback.resultCode,
      resultDescription: callback.resultDescription,
      ...proofFrom(callback),
    },
    message: 'Paid.',
    ...(paidBefore ? { attention: ['PAID_TWICE'] } : {}),
  };
}

/** A success for a payment that is completed: the details that a query could not give, or a second payment. */
function furtherSuccess(payment: Payment, callback: Callback, amountFits: boolean): Step {
  const amountAttention: AttentionReason[] = amountFits ? [] : ['AMOUNT_DIFFERS'];
  const verdict = amountFits ? 'APPLIED' : 'CONFLICT';
  const known = payment.callbacks.filter((earlier) => saidPaid(earlier) && earlier.receiptIsOurs);
  const provenByQuery =
    payment.settledRank === 2 && differs(payment.checkoutRequestId, callback.checkoutRequestId);
  if (provenByQuery || known.some((earlier) => isAnother(earlier, callback))) {
    return {
      judgement: judgement('CONFLICT', 'A second success for this payment.'),
      attention: ['PAID_TWICE', ...amountAttention],
    };
  }
  const filled = fillIn(payment, callback);
  if (filled !== null) {
    return {
      judgement: judgement(verdict, 'The details of a payment known to be paid.'),
      changes: { ...filled, settledRank: 1 },
      message:
        payment.receipt === null && filled.receipt !== null
          ? 'The receipt has come.'
          : 'Its details have come.',
      attention: [...amountAttention],
    };
  }
  return {
    judgement: judgement(amountFits ? 'DUPLICATE' : 'CONFLICT', 'Known to be paid.'),
    attention: [...amountAttention],
  };
}

function failure(payment: Payment, callback: Callback, { status, reason }: Failure): Step {
  if (!isAboutThePrompt(payment, callback)) {
    return {
      judgement: judgement('CONFLICT', 'A failure of another request than the one that is open.'),
      attention: ['EVIDENCE_CONTRADICTS'],
      checkNow: !isFinal(payment.status),
    };
  }
  if (!isFinal(payment.status)) {
    return {
      judgement: judgement('APPLIED', 'Not paid.'),
      changes: {
        status,
        settledRank: 3,
        failureReason: reason,
        suspectedCode: null,
        resultCode: callback.resultCode,
        resultDescription: callback.resultDescription,
      },
      message: `Not paid: ${callback.resultDescription}`,
    };
  }
  if (payment.resultCode === callback.resultCode) {
    // A callback's word outweighs the queries that said the same before it.
    return { judgement: judgement('APPLIED', 'Confirms the failure.'), changes: { settledRank: 3 } };
  }
  return {
    judgement: judgement('CONFLICT', `It says that the payment failed; it is ${payment.status}.`),
    attention: ['EVIDENCE_CONTRADICTS'],
  };
}

/** A failure counts only for the latest attempt and, where its id is known, for that very request. */
function isAboutThePrompt(payment: Payment, callback: Callback): boolean {
  const known = payment.checkoutRequestIds.get(callback.attempt);
  const idFits =
    known === undefined || callback.checkoutRequestId === null || known === callback.checkoutRequestId;
  return callback.attempt === payment.latestAttempt && idFits;
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

function proofFrom(callback: Callback): Pick<Payment, 'receipt' | 'paidAmountCents' | 'paidAt'> {
  return {
    receipt: callback.receipt,
    paidAmountCents: readableAmount(callback),
    paidAt: callback.paidAt,
  };
}

function idsFrom(payment: Payment, callback: Callback): Partial<Payment> {
  const { attempt, checkoutRequestId, merchantRequestId } = callback;
  const ids = new Map(payment.checkoutRequestIds);
  if (checkoutRequestId !== null && !ids.has(attempt)) ids.set(attempt, checkoutRequestId);
  if (attempt !== payment.latestAttempt) return { checkoutRequestIds: ids };
  return {
    merchantRequestId: payment.merchantRequestId ?? merchantRequestId,
    checkoutRequestId: payment.checkoutRequestId ?? checkoutRequestId,
    checkoutRequestIds: ids,
  };
}

/** What a completed payment lacks and the callback has; null when that is nothing. */
function fillIn(
  payment: Payment,
  callback: Callback,
): Pick<Payment, 'receipt' | 'paidAmountCents' | 'paidAt'> | null {
  const proof = proofFrom(callback);
  const filled = {
    receipt: payment.receipt ?? proof.receipt,
    paidAmountCents: payment.paidAmountCents ?? proof.paidAmountCents,
    paidAt: payment.paidAt ?? proof.paidAt,
  };
  const isNew =
    filled.receipt !== payment.receipt ||
    filled.paidAmountCents !== payment.paidAmountCents ||
    filled.paidAt !== payment.paidAt;
  return isNew ? filled : null;
}
