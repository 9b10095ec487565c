import type { Batcher } from '../lib/batcher.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import type { Judgement } from '../transactions/evidence.ts';
import type { Submission } from '../transactions/submission.ts';
import { readCallbackToken } from './callback-token.ts';
import { parseStkCallback, type StkCallback } from './parse-stk-callback.ts';

export type ReceiveDeps = {
  clock: Clock;
  logger: Logger;
  /** Newest first; older ones are still honoured. */
  tokenKeys: readonly Buffer[];
  batcher: Batcher<Submission, Judgement>;
  /** Asks M-Pesa about a payment that a post we do not trust names, once. */
  hasten(checkoutRequestId: string): Promise<void>;
};

export type Post = { body: Buffer; peer: string };

/** `stored`: it is durable, and may be answered. `not-genuine`: nothing was stored. */
export type Reception = { outcome: 'stored'; judgement: Judgement } | { outcome: 'not-genuine' };

/** A post to the address that only Daraja and we know. Whatever its body, it is stored. */
export async function receiveAtToken(deps: ReceiveDeps, token: string, post: Post): Promise<Reception> {
  const address = readCallbackToken(deps.tokenKeys, token);
  if (address === null) return { outcome: 'not-genuine' };
  const { transactionId, attempt } = address;
  const parsed = parseStkCallback(post.body);
  const judgement = await deps.batcher.add({
    ...arrival(deps.clock, post),
    transactionId,
    ...('problem' in parsed
      ? { kind: 'unusable', attempt, reason: parsed.problem }
      : { kind: 'evidence', evidence: { ...parsed, attempt } }),
  });
  logReception(deps.logger, judgement, { transactionId, attempt });
  return { outcome: 'stored', judgement };
}

/**
 * A post to the path that many guides use. Its CheckoutRequestID is no secret, so only an allowed address is believed;
 * from elsewhere it is at most a reason to ask M-Pesa.
 */
export async function receiveAtSharedPath(
  deps: ReceiveDeps,
  isAllowed: boolean,
  post: Post,
): Promise<Reception> {
  const parsed = parseStkCallback(post.body);
  const callback = 'problem' in parsed ? null : withCheckoutRequestId(parsed);
  if (!isAllowed) {
    if (callback !== null) await deps.hasten(callback.checkoutRequestId);
    return { outcome: 'not-genuine' };
  }
  const reason = 'problem' in parsed ? parsed.problem : 'The body has no CheckoutRequestID.';
  const judgement = await deps.batcher.add({
    ...arrival(deps.clock, post),
    ...(callback === null ? { kind: 'nameless', reason } : { kind: 'unaddressed', evidence: callback }),
  });
  logReception(deps.logger, judgement, {});
  return { outcome: 'stored', judgement };
}

type NamedCallback = StkCallback & { checkoutRequestId: string };

function withCheckoutRequestId(callback: StkCallback): NamedCallback | null {
  const { checkoutRequestId } = callback;
  return checkoutRequestId === null ? null : { ...callback, checkoutRequestId };
}

function arrival(clock: Clock, { body, peer }: Post) {
  const receivedAt = clock.now();
  return { id: newId(receivedAt), receivedAt, peer, body };
}

function logReception(logger: Logger, { verdict, reason }: Judgement, about: object): void {
  logger.info({ ...about, verdict, reason }, 'callback stored');
}
