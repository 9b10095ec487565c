import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import { sleep } from '../lib/sleep.ts';
import { within } from '../lib/within.ts';
import type { PromptEvidence } from './decide/evidence.ts';
import { matchUnmatched } from './settle/match-unmatched.ts';
import type { SettleDeps } from './settle/settle.ts';
import type { PaymentWrites } from './writes/payment-writes.ts';

/** What Daraja answered to a push. It may be settled twice without harm. */
export type PushAnswer = { id: string; receivedAt: Date; transactionId: string; evidence: PromptEvidence };

export type SettleAnswerDeps = SettleDeps & {
  clock: Clock;
  logger: Logger;
  writes: PaymentWrites;
  /** Keeps the answer where the database cannot, and settles it later. */
  spool(answer: PushAnswer): Promise<void>;
};

/** A database that takes longer is as good as away, in milliseconds. */
const patienceMs = 2_000;

/** While nothing can keep an answer it is held this long; after that the lease says UNCONFIRMED in its stead. */
const pausesMs = [250, 1_000, 4_000, 10_000];

/**
 * Stores what Daraja answered, and any callback that came before it and could not be matched until now. It is durable
 * when this returns, in the database or, if that is away, in the spool.
 */
export async function settleAnswer(
  deps: SettleAnswerDeps,
  transactionId: string,
  evidence: PromptEvidence,
): Promise<void> {
  const receivedAt = deps.clock.now();
  const answer = { id: newId(receivedAt), receivedAt, transactionId, evidence };
  for (const pauseMs of [...pausesMs, null]) {
    try {
      return await keep(deps, answer);
    } catch (error) {
      if (pauseMs === null) throw error;
      deps.logger.warn({ err: error, transactionId }, 'an answer of Daraja could not be kept; trying again');
      await sleep(pauseMs);
    }
  }
}

async function keep(deps: SettleAnswerDeps, answer: PushAnswer): Promise<void> {
  try {
    await within(store(deps, answer), patienceMs);
  } catch {
    await deps.spool(answer);
  }
}

async function store(deps: SettleAnswerDeps, { evidence, ...answer }: PushAnswer): Promise<void> {
  await deps.writes.settleAnswer({ ...answer, kind: 'evidence', peer: null, body: null, evidence });
  if (evidence.kind !== 'prompt-accepted') return;
  const { checkoutRequestId } = evidence;
  if (await deps.writes.isAwaited(checkoutRequestId)) await matchUnmatched(deps, checkoutRequestId);
}
