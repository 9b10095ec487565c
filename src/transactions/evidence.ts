import type { EvidenceVerdict, FailureReason } from '../database/generated/prisma/enums.ts';

/** What Daraja answered to a push, or what a timer proves about one whose process died. */
type PromptEvidence = { source: 'DARAJA_ANSWER' | 'TIMER'; attempt: number } & (
  | { kind: 'prompt-accepted'; merchantRequestId: string; checkoutRequestId: string }
  | { kind: 'prompt-refused'; failureReason: FailureReason; errorCode: string | null; message: string }
  | { kind: 'prompt-not-sent'; message: string }
  | { kind: 'prompt-unknown'; message: string }
);

/** A genuine callback that says something about a payment. */
export type CallbackEvidence = {
  kind: 'callback';
  source: 'CALLBACK';
  attempt: number;
  merchantRequestId: string | null;
  checkoutRequestId: string | null;
  resultCode: string;
  resultDescription: string;
  receipt: string | null;
  /** Null: the callback names no amount. */
  amountCents: number | null;
  paidAt: Date | null;
};

/** The answer to a status query. `next` is when to ask again if this settles nothing; it is stored with the answer. */
export type QueryEvidence = {
  kind: 'query';
  source: 'QUERY';
  /** Null: Daraja answered, and not with a result. */
  resultCode: string | null;
  resultDescription: string;
  next: { rung: number; checkAt: Date | null; stillOpen: boolean };
};

export type Evidence = PromptEvidence | CallbackEvidence | QueryEvidence;

/** A callback that was stored before, as far as later decisions depend on it. */
export type EarlierCallback = Pick<
  CallbackEvidence,
  'attempt' | 'checkoutRequestId' | 'resultCode' | 'receipt' | 'amountCents' | 'paidAt'
> & { receiptIsOurs: boolean };

export type Judgement = { verdict: EvidenceVerdict; reason: string };

export const judgement = (verdict: EvidenceVerdict, reason: string): Judgement => ({ verdict, reason });
