import type {
  AttentionReason,
  EvidenceVerdict,
  FailureReason,
  TransactionStatus,
} from '../../database/generated/prisma/enums.ts';

/** What Daraja answered to a push, or what a timer proves about one whose process died. */
export type PromptEvidence = { source: 'DARAJA_ANSWER' | 'TIMER'; attempt: number } & (
  | { kind: 'prompt-accepted'; merchantRequestId: string | null; checkoutRequestId: string }
  | { kind: 'prompt-refused'; failureReason: FailureReason; errorCode: string | null; message: string }
  | { kind: 'prompt-not-sent'; message: string }
  | { kind: 'prompt-unknown'; message: string }
  /** Whoever was to push has not been heard of for too long. The stored attempt says what that means. */
  | { kind: 'lease-expired' }
);

/** What stands for an amount that cannot be read, stored or not: it equals none that was asked for. */
export const unreadableAmount = -1;

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
  /** Null: the callback names no amount. `unreadableAmount`: it names one that is no sum of money. */
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
  next: {
    rung: number;
    /** By the database's clock, from when the answer is stored; null: not again. */
    pauseMs: number | null;
    stillOpen: boolean;
    /** For when this look was planned: if the plan has changed since, M-Pesa is to be asked sooner. */
    plannedFor: Date | null;
  };
};

/** How a payment ended, as far as a person can know who has looked at M-Pesa's statement: it is on it, or it is not. */
export type ResolvedOutcome = Extract<TransactionStatus, 'COMPLETED' | 'FAILED'>;

/** What a person says, and why. */
export type OperatorEvidence = { source: 'OPERATOR'; reason: string } & (
  | { kind: 'operator-resolved'; outcome: ResolvedOutcome }
  | { kind: 'attention-cleared'; reasons: readonly AttentionReason[] }
);

export type Evidence = PromptEvidence | CallbackEvidence | QueryEvidence | OperatorEvidence;

/** A callback that was stored before, as far as later decisions depend on it. */
export type EarlierCallback = Pick<
  CallbackEvidence,
  'attempt' | 'checkoutRequestId' | 'resultCode' | 'receipt' | 'amountCents' | 'paidAt'
> & { receiptIsOurs: boolean };

export type Judgement = { verdict: EvidenceVerdict; reason: string };

export const judgement = (verdict: EvidenceVerdict, reason: string): Judgement => ({ verdict, reason });

/** The amount that was paid, where it is known. */
export function readableAmount({ amountCents }: { amountCents: number | null }): number | null {
  return amountCents === unreadableAmount ? null : amountCents;
}
