import type { PrismaClient } from '../database/database.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import { sleep } from '../lib/sleep.ts';
import type { Evidence } from './evidence.ts';
import { matchUnmatched } from './match-unmatched.ts';
import { settle, type SettleDeps } from './settle.ts';

export type SettleAnswerDeps = SettleDeps & { prisma: PrismaClient; clock: Clock; logger: Logger };

/** While the database is away an answer is held this long; after that the lease says UNCONFIRMED in its stead. */
const pausesMs = [250, 1_000, 4_000, 10_000];

/** Stores what Daraja answered, and any callback that came before it and could not be matched until now. */
export async function settleAnswer(
  deps: SettleAnswerDeps,
  transactionId: string,
  evidence: Evidence,
): Promise<void> {
  const receivedAt = deps.clock.now();
  const submission = { id: newId(receivedAt), receivedAt, peer: null, body: null, transactionId, evidence };
  for (const pauseMs of [...pausesMs, null]) {
    try {
      await settle(deps, [{ kind: 'evidence', ...submission }]);
      if (evidence.kind === 'prompt-accepted') await matchUnmatched(deps, evidence.checkoutRequestId);
      return;
    } catch (error) {
      if (pauseMs === null) throw error;
      deps.logger.warn(
        { err: error, transactionId },
        'an answer of Daraja could not be stored; trying again',
      );
      await sleep(pauseMs);
    }
  }
}
