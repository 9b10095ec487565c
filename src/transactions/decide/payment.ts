import type {
  AttentionReason,
  EvidenceSource,
  FailureReason,
  TransactionStatus,
} from '../../database/generated/prisma/enums.ts';
import type { EarlierCallback, Evidence, Judgement } from './evidence.ts';

/**
 * How much a piece of evidence counts (design rule 3); a lower number beats a higher one.
 * 1 a genuine success callback, 2 a query that says paid, 3 a genuine failure callback, 4 a failure that two queries
 * report, 5 a refusal of the push, proof that it never left, or an operator's word.
 */
export type Rank = 1 | 2 | 3 | 4 | 5;

/** Everything about a payment that a decision may depend on. */
export type Payment = {
  status: TransactionStatus;
  sequence: number;
  amountCents: number;
  paidAmountCents: number | null;
  receipt: string | null;
  paidAt: Date | null;
  resultCode: string | null;
  resultDescription: string | null;
  failureReason: FailureReason | null;
  settledRank: Rank | null;
  attention: readonly AttentionReason[];
  acceptedAt: Date | null;
  settledAt: Date | null;
  merchantRequestId: string | null;
  checkoutRequestId: string | null;
  latestAttempt: number;
  /** The CheckoutRequestID of each attempt that has one. */
  checkoutRequestIds: ReadonlyMap<number, string>;
  callbacks: readonly EarlierCallback[];
  /** A failure that one query reported and that the next must confirm. */
  suspectedCode: string | null;
  /** Whether a rung has passed since it was suspected. */
  mayConfirm: boolean;
  /** Whether the latest attempt may have left. */
  isDispatched: boolean;
  /** Whether the right to push has run out. */
  isLeaseExpired: boolean;
};

export type PaymentEvent = {
  sequence: number;
  status: TransactionStatus;
  source: EvidenceSource;
  occurredAt: Date;
  resultCode: string | null;
  message: string;
};

/** `receiptIsOurs`: no other payment holds the receipt that a success names. */
export type Weighed = Evidence & { receivedAt: Date; receiptIsOurs?: boolean };

/** What one piece of evidence does to a payment. */
export type Step = {
  judgement: Judgement;
  changes?: Partial<Payment>;
  /** The line of the timeline; without one, nothing that a watcher sees has changed. */
  message?: string;
  attention?: AttentionReason[];
  checkNow?: boolean;
};
