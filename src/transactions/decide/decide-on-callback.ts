import type { AttentionReason } from '../../database/generated/prisma/enums.ts';
import { furtherSuccess, isSecondSuccess } from './decide-on-further-success.ts';
import { isSettledByOperator } from './decide-on-operator.ts';
import { judgement, type EarlierCallback } from './evidence.ts';
import { outcomeOfResult, type Failure } from './outcomes.ts';
import type { Payment, Step, Weighed } from './payment.ts';
import { proofFrom } from './proof.ts';
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
    earlier.receipt === callback.receipt &&
    earlier.amountCents === callback.amountCents
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
  const twice: AttentionReason[] = isSecondSuccess(payment, callback) ? ['PAID_TWICE'] : [];
  if (!amountFits) {
    return {
      judgement: judgement('CONFLICT', 'A success with another amount: a query decides.'),
      attention: ['AMOUNT_DIFFERS', ...twice],
      checkNow: true,
    };
  }
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
    attention: twice,
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
  if (payment.status === 'COMPLETED') {
    return {
      judgement: judgement('CONFLICT', 'It says that the payment failed; it is known to be paid.'),
      attention: ['EVIDENCE_CONTRADICTS'],
    };
  }
  // Whatever said first that it failed: from now on a callback does, which outweighs a query that says paid.
  const changes = { settledRank: 3 } as const;
  if (payment.resultCode === callback.resultCode || isSettledByOperator(payment)) {
    return { judgement: judgement('APPLIED', 'Confirms the failure.'), changes };
  }
  return {
    judgement: judgement('CONFLICT', `It failed for another reason; it is ${payment.status}.`),
    changes,
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
