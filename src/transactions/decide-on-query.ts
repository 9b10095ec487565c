import { judgement, readableAmount } from './evidence.ts';
import { outcomeOfResult, saidPaid, type Failure } from './outcomes.ts';
import type { Payment, Step, Weighed } from './payment.ts';
import { isFinal } from './status.ts';

type Query = Weighed & { kind: 'query' };

/**
 * What a status query says. Paid settles an open payment, and overturns a failure that only queries or a refusal
 * reported. A failure must be said twice, one rung apart: the sandbox's query has called paid payments failed.
 */
export function decideOnQuery(payment: Payment, query: Query): Step {
  const outcome = outcomeOfResult(query.resultCode ?? '', query.resultDescription);
  if (outcome.kind === 'paid') return paid(payment, query);
  if (outcome.kind === 'failed') return failed(payment, query, outcome.failure);
  const changes = { suspectedCode: null };
  const answer = judgement('APPLIED', 'No result yet.');
  return query.next.stillOpen && !isFinal(payment.status)
    ? { judgement: answer, changes, attention: ['STILL_OPEN'] }
    : { judgement: answer, changes };
}

function paid(payment: Payment, query: Query): Step {
  if (payment.status === 'COMPLETED') return { judgement: judgement('DUPLICATE', 'Known to be paid.') };
  if (payment.settledRank === 3) {
    return {
      judgement: judgement('CONFLICT', 'A query says paid; a callback said that it failed.'),
      attention: ['EVIDENCE_CONTRADICTS'],
    };
  }
  // A success callback with another amount waits for exactly this word.
  const callback = payment.callbacks.find((earlier) => earlier.receiptIsOurs && saidPaid(earlier));
  return {
    judgement: judgement('APPLIED', 'M-Pesa says that it is paid.'),
    changes: {
      status: 'COMPLETED',
      settledRank: 2,
      settledAt: null,
      failureReason: null,
      suspectedCode: null,
      resultCode: query.resultCode,
      resultDescription: query.resultDescription,
      receipt: callback?.receipt ?? null,
      paidAmountCents: callback ? readableAmount(callback) : null,
      paidAt: callback?.paidAt ?? null,
    },
    message: 'Paid, by the answer to a status query.',
  };
}

function failed(payment: Payment, query: Query, failure: Failure): Step {
  if (payment.status === 'COMPLETED') {
    return {
      judgement: judgement('CONFLICT', 'A query says that it failed; it is known to be paid.'),
      attention: ['EVIDENCE_CONTRADICTS'],
    };
  }
  if (isFinal(payment.status)) {
    return payment.resultCode === query.resultCode || payment.status === failure.status
      ? { judgement: judgement('DUPLICATE', 'Known to have failed.') }
      : {
          judgement: judgement('CONFLICT', 'It failed for another reason.'),
          attention: ['EVIDENCE_CONTRADICTS'],
        };
  }
  if (payment.suspectedCode !== query.resultCode || !payment.mayConfirm) {
    return {
      judgement: judgement('APPLIED', 'Waits for the next query to say the same.'),
      changes: { suspectedCode: query.resultCode },
      ...(query.next.stillOpen ? { attention: ['STILL_OPEN'] } : {}),
    };
  }
  return {
    judgement: judgement('APPLIED', 'Two queries say so.'),
    changes: {
      status: failure.status,
      settledRank: 4,
      failureReason: failure.reason,
      suspectedCode: null,
      resultCode: query.resultCode,
      resultDescription: query.resultDescription,
    },
    message: `Not paid, by the answers to two status queries: ${query.resultDescription}`,
  };
}
