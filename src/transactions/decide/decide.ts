import { decideOnCallback } from './decide-on-callback.ts';
import { decideOnOperator } from './decide-on-operator.ts';
import { decideOnPrompt } from './decide-on-prompt.ts';
import { decideOnQuery } from './decide-on-query.ts';
import type { Judgement } from './evidence.ts';
import { outcomeOfResult } from './outcomes.ts';
import type { Payment, PaymentEvent, Step, Weighed } from './payment.ts';
import { isFinal, mayMove } from './status.ts';

export type Decision = {
  payment: Payment;
  events: PaymentEvent[];
  /** One for each piece of evidence, in the order given. */
  judgements: Judgement[];
  /** Ask M-Pesa now, whatever the ladder says. */
  checkNow: boolean;
};

/**
 * Decides what all the evidence means for one payment: the only place where a payment changes state. Pure. Better
 * evidence is heard first, so that a success beside a failure wins whichever arrived first.
 */
export function decide(payment: Payment, evidence: readonly Weighed[]): Decision {
  const judgements = new Array<Judgement>(evidence.length);
  const decision: Decision = { payment, events: [], judgements, checkNow: false };
  const order = evidence.map((item, index) => ({ item, index }));
  order.sort((a, b) => weight(a.item, payment) - weight(b.item, payment) || a.index - b.index);
  for (const { item, index } of order) {
    const step = stepFor(decision.payment, item);
    judgements[index] = step.judgement;
    apply(decision, item, step);
  }
  return decision;
}

function stepFor(payment: Payment, evidence: Weighed): Step {
  switch (evidence.kind) {
    case 'callback':
      return decideOnCallback(payment, evidence);
    case 'query':
      return decideOnQuery(payment, evidence);
    case 'prompt-accepted':
    case 'prompt-refused':
    case 'prompt-not-sent':
    case 'prompt-unknown':
    case 'lease-expired':
      return decideOnPrompt(payment, evidence);
    case 'operator-resolved':
    case 'attention-cleared':
      return decideOnOperator(payment, evidence);
  }
}

function weight(evidence: Weighed, payment: Payment): number {
  if (evidence.kind === 'query' || evidence.kind === 'callback') {
    const outcome = outcomeOfResult(evidence.resultCode ?? '', evidence.resultDescription).kind;
    if (evidence.kind === 'query') return outcome === 'paid' ? 2 : 4;
    if (outcome !== 'paid') return 3;
    return evidence.amountCents === null || evidence.amountCents === payment.amountCents ? 1 : 1.5;
  }
  return 5;
}

function apply(decision: Decision, evidence: Weighed, step: Step): void {
  const before = decision.payment;
  const after: Payment = { ...before, ...step.changes };
  if (after.status !== before.status && !mayMove(before.status, after.status)) {
    throw new Error(`A payment may not move from ${before.status} to ${after.status}`);
  }
  if (step.message !== undefined) {
    after.sequence = before.sequence + 1;
    decision.events.push({
      sequence: after.sequence,
      status: after.status,
      source: evidence.source,
      occurredAt: evidence.receivedAt,
      resultCode: 'resultCode' in evidence ? evidence.resultCode : null,
      message: step.message,
    });
  }
  if (isFinal(after.status) && after.settledAt === null) after.settledAt = evidence.receivedAt;
  if (step.attention) after.attention = [...new Set([...before.attention, ...step.attention])];
  if (evidence.kind === 'callback' && step.judgement.verdict !== 'DUPLICATE') {
    after.callbacks = [...before.callbacks, { ...evidence, receiptIsOurs: evidence.receiptIsOurs ?? true }];
  }
  decision.payment = after;
  // What settles a payment answers the questions that were open before it, as it does when each comes alone.
  const isAnswered = after.status !== before.status && isFinal(after.status);
  decision.checkNow = (decision.checkNow && !isAnswered) || (step.checkNow ?? false);
}
