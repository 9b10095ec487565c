import type { FailureReason, TransactionStatus } from '../../database/generated/prisma/enums.ts';
import { meaningOfResult, type ResultMeaning } from '../../daraja/result-codes.ts';
import type { RefusalKind } from '../../daraja/refusals.ts';

export type FailureStatus = Extract<TransactionStatus, 'CANCELLED' | 'EXPIRED' | 'FAILED'>;
export type Failure = { status: FailureStatus; reason: FailureReason };

/** What a result code says about the payment. `unknown` covers pending and every code off the closed list. */
export type Outcome = { kind: 'paid' } | { kind: 'failed'; failure: Failure } | { kind: 'unknown' };

const failed = (reason: FailureReason, status: FailureStatus = 'FAILED'): Outcome => ({
  kind: 'failed',
  failure: { status, reason },
});

const outcomes: Record<ResultMeaning, Outcome> = {
  paid: { kind: 'paid' },
  pending: { kind: 'unknown' },
  'insufficient-funds': failed('INSUFFICIENT_FUNDS'),
  'wrong-pin': failed('WRONG_PIN'),
  cancelled: failed('CANCELLED_BY_PAYER', 'CANCELLED'),
  unreachable: failed('PAYER_UNREACHABLE', 'EXPIRED'),
  expired: failed('PROMPT_EXPIRED', 'EXPIRED'),
  'subscriber-busy': failed('SUBSCRIBER_BUSY'),
  'limit-exceeded': failed('LIMIT_EXCEEDED'),
  'payer-not-eligible': failed('PAYER_NOT_ELIGIBLE'),
  'prompt-failed': failed('PROMPT_FAILED'),
  'merchant-configuration': failed('MERCHANT_CONFIGURATION'),
  'provider-busy': failed('PROVIDER_BUSY'),
  'other-failure': failed('OTHER'),
};

export function outcomeOfResult(resultCode: string, resultDescription: string): Outcome {
  const meaning = meaningOfResult(resultCode, resultDescription);
  return meaning === null ? { kind: 'unknown' } : outcomes[meaning];
}

/** Why a payment failed whose prompt Daraja refused. */
export const failureOfRefusal: Record<RefusalKind, FailureReason> = {
  busy: 'PROVIDER_BUSY',
  'invalid-token': 'PROVIDER_REFUSED',
  'not-entitled': 'MERCHANT_CONFIGURATION',
  'wrong-credentials': 'MERCHANT_CONFIGURATION',
  'merchant-unknown': 'MERCHANT_CONFIGURATION',
  'bad-request': 'PROVIDER_REFUSED',
  'subscriber-locked': 'SUBSCRIBER_BUSY',
  'payer-not-eligible': 'PAYER_NOT_ELIGIBLE',
  'merchant-not-permitted': 'MERCHANT_CONFIGURATION',
  duplicate: 'PROVIDER_REFUSED',
};

/** Whether it says how the payment ended; pending and codes that nobody knows do not. */
export function isResult({
  resultCode,
  resultDescription,
}: {
  resultCode: string | null;
  resultDescription: string;
}) {
  return outcomeOfResult(resultCode ?? '', resultDescription).kind !== 'unknown';
}

/** Whether it says that the money was paid. */
export function isPaid(said: { resultCode: string; resultDescription: string }): boolean {
  return outcomeOfResult(said.resultCode, said.resultDescription).kind === 'paid';
}

/** The same of a callback that was stored before: its code alone is kept in mind. */
export function saidPaid({ resultCode }: { resultCode: string }): boolean {
  return isPaid({ resultCode, resultDescription: '' });
}
