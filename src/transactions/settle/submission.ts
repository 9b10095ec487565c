import { createHash } from 'node:crypto';
import type { CallbackEvidence, Evidence } from '../decide/evidence.ts';

type Arrival = {
  /** A UUIDv7 made on arrival: the same arrival stored twice has one effect. */
  id: string;
  receivedAt: Date;
  /** Where it came from: the address of a post, or the client with whose key a person spoke. */
  peer: string | null;
  body: Buffer | null;
};

/** Evidence for a payment that is named. */
export type Testimony = Arrival & { kind: 'evidence'; transactionId: string; evidence: Evidence };

/** Genuine and of no use; kept for a person to see. */
type Unusable = Arrival & { kind: 'unusable'; transactionId: string; attempt: number; reason: string };

/** Came on the shared path, where a callback names its payment only by CheckoutRequestID. */
type Unaddressed = Arrival & {
  kind: 'unaddressed';
  evidence: Omit<CallbackEvidence, 'attempt'> & { checkoutRequestId: string };
};

/** Came on the shared path and names nothing. */
type Nameless = Arrival & { kind: 'nameless'; reason: string };

/** What arrived: who said it, when, and the very bytes, so that a person can look again. */
export type Submission = Testimony | Unusable | Unaddressed | Nameless;

/** A submission whose payment is known. */
export type Addressed = Testimony | Unusable;

/** SHA-256 of the body, by which the same bytes are known again; null for what has no body. */
export function hashOf({ body }: Arrival): string | null {
  return body === null ? null : createHash('sha256').update(body).digest('hex');
}

/** The attempt that it speaks of; null where none is named. */
export function attemptOf(submission: Submission): number | null {
  if ('attempt' in submission) return submission.attempt;
  return 'evidence' in submission && 'attempt' in submission.evidence ? submission.evidence.attempt : null;
}
