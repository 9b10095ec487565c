import { judgement } from './evidence.ts';
import type { Payment, Step, Weighed } from './payment.ts';
import { isFinal } from './status.ts';

type PromptEvidence = Exclude<Weighed, { kind: 'callback' | 'query' }>;

/** What Daraja's answer to the push, or its absence, says. Of resent attempts only the latest speaks for the payment. */
export function decideOnPrompt(payment: Payment, evidence: PromptEvidence): Step {
  if (evidence.kind === 'prompt-accepted') return accepted(payment, evidence);
  if (evidence.attempt !== payment.latestAttempt) {
    return { judgement: judgement('DUPLICATE', 'A later attempt replaced this one.') };
  }
  return evidence.kind === 'prompt-unknown'
    ? unknown(payment, evidence.message)
    : neverPrompted(payment, evidence);
}

function accepted(payment: Payment, evidence: PromptEvidence & { kind: 'prompt-accepted' }): Step {
  const { merchantRequestId, checkoutRequestId } = evidence;
  const changes = {
    merchantRequestId: payment.merchantRequestId ?? merchantRequestId,
    checkoutRequestId: payment.checkoutRequestId ?? checkoutRequestId,
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
  if (payment.settledRank === 5) {
    return { judgement: applied, changes, attention: ['EVIDENCE_CONTRADICTS'], checkNow: true };
  }
  return { judgement: applied, changes };
}

function unknown(payment: Payment, message: string): Step {
  const kept = { judgement: judgement('APPLIED', message) };
  return payment.status === 'REQUESTED' ? { ...kept, changes: { status: 'UNCONFIRMED' }, message } : kept;
}

type NeverPrompted = PromptEvidence & { kind: 'prompt-refused' | 'prompt-not-sent' };

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
