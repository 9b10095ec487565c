import type { FailureReason } from '../../database/generated/prisma/enums.ts';
import { judgement } from './evidence.ts';
import type { Payment, Step, Weighed } from './payment.ts';
import { isFinal } from './status.ts';

type PromptEvidence = Extract<Weighed, { source: 'DARAJA_ANSWER' | 'TIMER' }>;

/** What Daraja's answer to the push, or its absence, says. Of resent attempts only the latest speaks for the payment. */
export function decideOnPrompt(payment: Payment, evidence: PromptEvidence): Step {
  if (evidence.kind === 'prompt-accepted') return accepted(payment, evidence);
  if (evidence.attempt !== payment.latestAttempt) {
    return { judgement: judgement('DUPLICATE', 'A later attempt replaced this one.') };
  }
  if (evidence.kind === 'lease-expired') return abandoned(payment);
  return evidence.kind === 'prompt-unknown'
    ? unknown(payment, evidence.message)
    : neverPrompted(payment, evidence);
}

function accepted(payment: Payment, evidence: PromptEvidence & { kind: 'prompt-accepted' }): Step {
  const { merchantRequestId, checkoutRequestId } = evidence;
  // M-Pesa is asked by these: they must be those of the attempt that is open.
  const isLatest = evidence.attempt === payment.latestAttempt;
  const changes = {
    merchantRequestId: isLatest ? merchantRequestId : payment.merchantRequestId,
    checkoutRequestId: isLatest ? checkoutRequestId : payment.checkoutRequestId,
    checkoutRequestIds: new Map(payment.checkoutRequestIds).set(evidence.attempt, checkoutRequestId),
    acceptedAt: payment.acceptedAt ?? evidence.receivedAt,
  };
  const applied = judgement('APPLIED', 'Daraja accepted the request.');
  if (!isFinal(payment.status)) {
    if (payment.status === 'AWAITING_PAYER') return { judgement: applied, changes };
    return {
      judgement: applied,
      changes: { ...changes, status: 'AWAITING_PAYER' },
      message: 'M-Pesa accepted the request and prompts the payer.',
    };
  }
  if (payment.settledRank !== 5) return { judgement: applied, changes };
  // The weakest word settled it, and now M-Pesa can be asked. That it was prompted does not speak against being paid.
  const contradicts = payment.status !== 'COMPLETED';
  return {
    judgement: applied,
    changes,
    checkNow: true,
    ...(contradicts ? { attention: ['EVIDENCE_CONTRADICTS'] } : {}),
  };
}

function unknown(payment: Payment, message: string): Step {
  const kept = { judgement: judgement('APPLIED', message) };
  return payment.status === 'REQUESTED' ? { ...kept, changes: { status: 'UNCONFIRMED' }, message } : kept;
}

/** The process that was to push is gone: whether it had dispatched the push decides what is known. */
function abandoned(payment: Payment): Step {
  if (!payment.isLeaseExpired) return { judgement: judgement('DUPLICATE', 'The push goes on.') };
  return payment.isDispatched
    ? unknown(payment, 'The server stopped before M-Pesa answered: the prompt may have gone out.')
    : neverPrompted(payment, {
        kind: 'prompt-not-sent',
        message: 'The server stopped before the request to M-Pesa was sent: nobody was prompted.',
      });
}

type NeverPrompted =
  | { kind: 'prompt-refused'; failureReason: FailureReason; message: string }
  | { kind: 'prompt-not-sent'; message: string };

function neverPrompted(payment: Payment, evidence: NeverPrompted): Step {
  const { message } = evidence;
  const failureReason = evidence.kind === 'prompt-refused' ? evidence.failureReason : 'PROMPT_NOT_SENT';
  if (payment.status === 'COMPLETED') {
    return { judgement: judgement('CONFLICT', message), attention: ['EVIDENCE_CONTRADICTS'] };
  }
  if (isFinal(payment.status)) return { judgement: judgement('DUPLICATE', message) };
  return {
    judgement: judgement('APPLIED', message),
    changes: { status: 'FAILED', settledRank: 5, failureReason, resultDescription: message },
    message,
  };
}
