import { isSettledByOperator } from './decide-on-operator.ts';
import { judgement } from './evidence.ts';
import { outcomeOfResult, type Failure } from './outcomes.ts';
import type { Payment, Step, Weighed } from './payment.ts';
import { proofHeard } from './proof.ts';
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
  if (payment.status === 'COMPLETED') return confirmed(payment, query);
  if (payment.settledRank === 3) {
    return {
      judgement: judgement('CONFLICT', 'A query says paid; a callback said that it failed.'),
      attention: ['EVIDENCE_CONTRADICTS'],
    };
  }
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
      ...proofHeard(payment),
    },
    message: 'Paid, by the answer to a status query.',
  };
}

/** M-Pesa's word takes the place of a person's; any other needs no confirmation. */
function confirmed(payment: Payment, { resultCode, resultDescription }: Query): Step {
  if (!isSettledByOperator(payment)) return { judgement: judgement('DUPLICATE', 'Known to be paid.') };
  return {
    judgement: judgement('APPLIED', 'M-Pesa says so too.'),
    changes: { settledRank: 2, resultCode, resultDescription },
    message: 'M-Pesa confirms that it is paid.',
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
    const isSaidAlready = payment.resultCode === query.resultCode || payment.status === failure.status;
    return isSaidAlready || isSettledByOperator(payment)
      ? { judgement: judgement('DUPLICATE', 'Known to have failed.') }
      : {
          judgement: judgement('CONFLICT', 'It failed for another reason.'),
          attention: ['EVIDENCE_CONTRADICTS'],
        };
  }
  if (payment.suspectedCode !== query.resultCode || !payment.mayConfirm) {
    return {
      judgement: judgement('APPLIED', 'Waits for the next query to say the same.'),
      // In one breath is not one rung apart.
      changes: { suspectedCode: query.resultCode, mayConfirm: query.next.pauseMs === 0 },
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
