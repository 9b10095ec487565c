import type { CallbackEvidence } from '../transactions/decide/evidence.ts';
import type { Submission } from '../transactions/settle/submission.ts';
import type { CallbackAddress } from './callback-token.ts';
import { parseStkCallback, type StkCallback } from './parse-stk-callback.ts';

/** A genuine post, as it came. */
export type Arrival = {
  /** A UUIDv7 made on arrival: the same arrival stored twice has one effect. */
  id: string;
  receivedAt: Date;
  peer: string;
  body: Buffer;
  /** What the URL says that it speaks of; null on the shared path, whose callbacks name their payment themselves. */
  address: CallbackAddress | null;
};

/** What the post says, read from its body. */
export function submissionOf({ address, ...arrival }: Arrival): Submission {
  const parsed = parseStkCallback(arrival.body);
  if (address === null) {
    const callback = namedCallback(parsed);
    if (callback !== null) return { ...arrival, kind: 'unaddressed', evidence: callback };
    const reason = 'problem' in parsed ? parsed.problem : 'The body has no CheckoutRequestID.';
    return { ...arrival, kind: 'nameless', reason };
  }
  return 'problem' in parsed
    ? { ...arrival, ...address, kind: 'unusable', reason: parsed.problem }
    : { ...arrival, ...address, kind: 'evidence', evidence: { ...parsed, attempt: address.attempt } };
}

type NamedCallback = Omit<CallbackEvidence, 'attempt'> & { checkoutRequestId: string };

/** Null for a body that cannot be used, or names no payment. */
export function namedCallback(parsed: StkCallback | { problem: string }): NamedCallback | null {
  if ('problem' in parsed) return null;
  const { checkoutRequestId } = parsed;
  return checkoutRequestId === null ? null : { ...parsed, checkoutRequestId };
}
