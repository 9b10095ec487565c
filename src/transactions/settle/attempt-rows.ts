import type { Evidence } from '../decide/evidence.ts';
import type { Settlement, Target } from './settlement.ts';
import { attemptOf, type Addressed } from './submission.ts';

/** What became known of one attempt. Null: nothing new. */
export type AttemptRow = {
  transactionId: string;
  number: number;
  checkoutRequestId: string | null;
  /** Of the same answer or callback as the CheckoutRequestID. */
  merchantRequestId: string | null;
  answeredAt: Date | null;
  /** Provably nothing was sent. */
  neverLeft: boolean;
  message: string | null;
  hasErrorCode: boolean;
  errorCode: string | null;
};

/** Ids that an answer or a callback brought are kept, whatever the state of the payment; an answer knows better. */
export function attemptRowsOf({ id, settlement }: Target): AttemptRow[] {
  const rows = new Map<number, AttemptRow>();
  const rowOf = (number: number): AttemptRow => {
    const row = rows.get(number) ?? nothingNew(id, number);
    rows.set(number, row);
    return row;
  };
  const { before, decision, submissions } = settlement;
  for (const [number, name] of decision.payment.checkoutRequestIds) {
    if (before.checkoutRequestIds.get(number) === name) continue;
    rowOf(number).checkoutRequestId = name;
    rowOf(number).merchantRequestId = merchantRequestIdOf(submissions, number);
  }
  for (const { evidence, receivedAt } of answersOf(settlement)) {
    const row = rowOf(evidence.attempt);
    if (evidence.source === 'DARAJA_ANSWER') row.answeredAt = receivedAt;
    row.neverLeft ||= evidence.kind === 'prompt-refused' || evidence.kind === 'prompt-not-sent';
    if ('message' in evidence) row.message = evidence.message;
    if ('errorCode' in evidence) {
      row.hasErrorCode = true;
      row.errorCode = evidence.errorCode;
    }
  }
  return [...rows.values()];
}

/** If it is the latest attempt that was answered, nobody holds the right to push any longer. */
export function isReleased(settlement: Settlement): boolean {
  // Without its lease an attempt that nobody makes would never be found.
  return answersOf(settlement).some(({ evidence }) => evidence.attempt === settlement.before.latestAttempt);
}

function nothingNew(transactionId: string, number: number): AttemptRow {
  return {
    transactionId,
    number,
    checkoutRequestId: null,
    merchantRequestId: null,
    answeredAt: null,
    neverLeft: false,
    message: null,
    hasErrorCode: false,
    errorCode: null,
  };
}

function merchantRequestIdOf(submissions: readonly Addressed[], attempt: number): string | null {
  for (const submission of submissions) {
    if (attemptOf(submission) !== attempt || submission.kind !== 'evidence') continue;
    const { evidence } = submission;
    if ('merchantRequestId' in evidence && evidence.merchantRequestId !== null)
      return evidence.merchantRequestId;
  }
  return null;
}

type Answer = Extract<Evidence, { source: 'DARAJA_ANSWER' | 'TIMER' }>;

/** What Daraja answered to a push, and what a timer proved of one, where that counted. */
function answersOf({ submissions, judgements }: Settlement): { evidence: Answer; receivedAt: Date }[] {
  return submissions.flatMap((submission) => {
    if (submission.kind !== 'evidence') return [];
    const { evidence, receivedAt, id } = submission;
    if (evidence.source === 'DARAJA_ANSWER') return [{ evidence, receivedAt }];
    if (evidence.source !== 'TIMER' || judgements.get(id)?.verdict !== 'APPLIED') return [];
    return [{ evidence, receivedAt }];
  });
}
