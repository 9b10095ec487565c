import type { Payment, Weighed } from '../../../src/transactions/decide/payment.ts';

type Only<Kind extends Weighed['kind']> = Extract<Weighed, { kind: Kind }>;

/** Safaricom asked for 1,500 shillings of it. */
export const amountCents = 150_000;
export const checkoutRequestId = 'ws_CO_24112026101010123712345678';
export const receipt = 'UKO1ABCDEF';
export const paidAt = new Date('2026-11-24T07:10:30Z');
export const createdAt = new Date('2026-11-24T07:09:00Z');
export const receivedAt = new Date('2026-11-24T07:10:31Z');

/** A payment whose prompt is on the phone. */
export function awaiting(changes: Partial<Payment> = {}): Payment {
  return {
    ...requested(),
    status: 'AWAITING_PAYER',
    sequence: 2,
    acceptedAt: createdAt,
    merchantRequestId: 'merchant-1',
    checkoutRequestId,
    checkoutRequestIds: new Map([[1, checkoutRequestId]]),
    ...changes,
  };
}

export function requested(changes: Partial<Payment> = {}): Payment {
  return {
    status: 'REQUESTED',
    sequence: 1,
    amountCents,
    paidAmountCents: null,
    receipt: null,
    paidAt: null,
    resultCode: null,
    resultDescription: null,
    failureReason: null,
    settledRank: null,
    attention: [],
    acceptedAt: null,
    settledAt: null,
    merchantRequestId: null,
    checkoutRequestId: null,
    latestAttempt: 1,
    checkoutRequestIds: new Map(),
    callbacks: [],
    suspectedCode: null,
    mayConfirm: true,
    isDispatched: false,
    isLeaseExpired: false,
    ...changes,
  };
}

export function success(changes: Partial<Only<'callback'>> = {}): Only<'callback'> {
  return {
    kind: 'callback',
    source: 'CALLBACK',
    attempt: 1,
    merchantRequestId: 'merchant-1',
    checkoutRequestId,
    resultCode: '0',
    resultDescription: 'The service request is processed successfully.',
    receipt,
    amountCents,
    paidAt,
    receivedAt,
    ...changes,
  };
}

export function failure(resultCode = '1032', changes: Partial<Only<'callback'>> = {}): Only<'callback'> {
  return success({
    resultCode,
    resultDescription: `Result ${resultCode}`,
    receipt: null,
    amountCents: null,
    paidAt: null,
    ...changes,
  });
}

export function query(resultCode: string | null, changes: Partial<Only<'query'>> = {}): Only<'query'> {
  return {
    kind: 'query',
    source: 'QUERY',
    resultCode,
    resultDescription: resultCode === null ? 'The transaction is being processed' : `Result ${resultCode}`,
    next: { rung: 1, pauseMs: 0, stillOpen: false, plannedFor: null },
    receivedAt,
    ...changes,
  };
}

export function accepted(changes: Partial<Only<'prompt-accepted'>> = {}): Only<'prompt-accepted'> {
  const said = {
    kind: 'prompt-accepted',
    source: 'DARAJA_ANSWER',
    attempt: 1,
    merchantRequestId: 'merchant-1',
  } as const;
  return { ...said, checkoutRequestId, receivedAt, ...changes };
}

export function refused(changes: Partial<Only<'prompt-refused'>> = {}): Only<'prompt-refused'> {
  const said = {
    kind: 'prompt-refused',
    source: 'DARAJA_ANSWER',
    attempt: 1,
    errorCode: '400.002.02',
  } as const;
  return {
    ...said,
    failureReason: 'PROVIDER_REFUSED',
    message: 'Safaricom refused it.',
    receivedAt,
    ...changes,
  };
}

export function notSent(changes: Partial<Only<'prompt-not-sent'>> = {}): Only<'prompt-not-sent'> {
  return {
    kind: 'prompt-not-sent',
    source: 'TIMER',
    attempt: 1,
    message: 'It never left.',
    receivedAt,
    ...changes,
  };
}

export function resolved(
  outcome: Only<'operator-resolved'>['outcome'],
  reason = 'As the statement says.',
): Only<'operator-resolved'> {
  return { kind: 'operator-resolved', source: 'OPERATOR', outcome, reason, receivedAt };
}

export function cleared(...reasons: Only<'attention-cleared'>['reasons']): Only<'attention-cleared'> {
  return { kind: 'attention-cleared', source: 'OPERATOR', reasons, reason: 'Seen.', receivedAt };
}

export function unknown(changes: Partial<Only<'prompt-unknown'>> = {}): Only<'prompt-unknown'> {
  return {
    kind: 'prompt-unknown',
    source: 'DARAJA_ANSWER',
    attempt: 1,
    message: 'No answer.',
    receivedAt,
    ...changes,
  };
}
