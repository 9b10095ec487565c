import type { KeyObject } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import { within } from '../lib/within.ts';
import { namedCallback } from './arrival.ts';
import { readCallbackToken, type CallbackAddress } from './callback-token.ts';
import type { Inbox, Kept } from './inbox.ts';
import { parseStkCallback } from './parse-stk-callback.ts';

/** Counts what comes. Must not throw. */
export type CallbackObserver = {
  /** Durable, so many milliseconds after it was read. */
  kept(where: Kept['where'], ms: number): void;
  /** Nothing could keep it. */
  lost(): void;
  refused(fault: 'address' | 'token'): void;
};

export type ReceiveDeps = {
  clock: Clock;
  logger: Logger;
  /** Newest first; older ones are still honoured. */
  tokenKeys: readonly KeyObject[];
  inbox: Inbox;
  observe: CallbackObserver;
  /** Asks M-Pesa about a payment that a post we do not trust names, once. */
  hasten(checkoutRequestId: string): Promise<void>;
};

export type Post = { body: Buffer; peer: string; requestId: string };

/** `kept`: it is durable, and may be answered. `lost`: nothing could keep it. `not-genuine`: nobody wanted to. */
export type Reception =
  { outcome: 'kept'; isRepeat: boolean } | { outcome: 'lost'; error: unknown } | { outcome: 'not-genuine' };

/** A post to the address that only Daraja and we know. Whatever its body, it is kept. */
export async function receiveAtToken(deps: ReceiveDeps, token: string, post: Post): Promise<Reception> {
  const address = readCallbackToken(deps.tokenKeys, token);
  return address === null ? { outcome: 'not-genuine' } : keep(deps, post, address);
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
  if (isAllowed) return keep(deps, post, null);
  await tryToHasten(deps, post);
  return { outcome: 'not-genuine' };
}

async function keep(deps: ReceiveDeps, post: Post, address: CallbackAddress | null): Promise<Reception> {
  const receivedAt = deps.clock.now();
  const startedAt = performance.now();
  const { body, peer, requestId } = post;
  try {
    const kept = await deps.inbox.take({ body, peer, id: newId(receivedAt), receivedAt, address });
    deps.observe.kept(kept.where, performance.now() - startedAt);
    logKept(deps.logger, kept, { ...address, requestId });
    return { outcome: 'kept', isRepeat: kept.where === 'database' && kept.judgement.verdict === 'DUPLICATE' };
  } catch (error) {
    deps.observe.lost();
    return { outcome: 'lost', error };
  }
}

/** One line for each callback. On the shared path its payment is named by the change that it makes, if it makes one. */
function logKept(
  logger: Logger,
  kept: Kept,
  from: { requestId: string; transactionId?: string; attempt?: number },
): void {
  if (kept.where === 'spool') {
    logger.info(from, 'callback spooled');
    return;
  }
  const { verdict, reason } = kept.judgement;
  logger.info({ ...from, verdict, reason }, 'callback stored');
}

const hastenMsMax = 2_000;

/** Whoever posted has no right to know how that went. */
async function tryToHasten(deps: ReceiveDeps, { body }: Post): Promise<void> {
  const callback = namedCallback(parseStkCallback(body));
  if (callback === null || deps.inbox.isDatabaseAway()) return;
  try {
    await within(deps.hasten(callback.checkoutRequestId), hastenMsMax);
  } catch (error) {
    deps.logger.debug({ err: error }, 'a payment could not be hastened');
  }
}
