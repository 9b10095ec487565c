import { judgement, type ResolvedOutcome } from './evidence.ts';
import type { Payment, Step, Weighed } from './payment.ts';
import { proofHeard } from './proof.ts';
import { isFinal } from './status.ts';

type Operator = Extract<Weighed, { source: 'OPERATOR' }>;
type Resolved = Operator & { kind: 'operator-resolved' };
type Cleared = Operator & { kind: 'attention-cleared' };

/** What a person says: a last resort where M-Pesa says nothing, and no match for anything that it says after all. */
export function decideOnOperator(payment: Payment, evidence: Operator): Step {
  return evidence.kind === 'operator-resolved'
    ? resolved(payment, evidence)
    : attentionCleared(payment, evidence);
}

/** Whether nothing but a person's word has settled it: no refusal of a push has the reason OTHER. */
export function isSettledByOperator({ status, settledRank, failureReason }: Payment): boolean {
  return settledRank === 5 && (status === 'COMPLETED' || failureReason === 'OTHER');
}

const verdictOf: Record<ResolvedOutcome, string> = { COMPLETED: 'Paid', FAILED: 'Not paid' };

function resolved(payment: Payment, { outcome, reason }: Resolved): Step {
  if (isFinal(payment.status)) {
    return { judgement: judgement('CONFLICT', `The payment is ${payment.status}, which is final.`) };
  }
  const said = `${verdictOf[outcome]}, says an operator`;
  return {
    judgement: judgement('APPLIED', `${said}.`),
    changes: {
      status: outcome,
      settledRank: 5,
      failureReason: outcome === 'FAILED' ? 'OTHER' : null,
      suspectedCode: null,
      resultDescription: `${said}.`,
      ...(outcome === 'COMPLETED' ? proofHeard(payment) : {}),
    },
    message: `${said}: ${reason}`,
    // M-Pesa's own word counts for more, where it can be had.
    checkNow: payment.checkoutRequestId !== null,
  };
}

/** Exactly these, once: what contradicts the payment later raises its reason again. */
function attentionCleared({ attention }: Payment, { reasons }: Cleared): Step {
  const cleared = attention.filter((reason) => reasons.includes(reason));
  if (cleared.length === 0) return { judgement: judgement('DUPLICATE', 'None of this is open.') };
  return {
    judgement: judgement('APPLIED', `Cleared: ${cleared.join(', ')}.`),
    changes: { attention: attention.filter((reason) => !reasons.includes(reason)) },
  };
}
