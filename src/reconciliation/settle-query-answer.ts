import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import { settle, type SettleDeps } from '../transactions/settle/settle.ts';
import type { Planned } from './due-payments.ts';
import { nextLook } from './ladder.ts';

export type SettleQueryDeps = SettleDeps & {
  clock: Clock;
  /** Pauses between looks, in milliseconds. */
  ladderMs: readonly number[];
};

/** Settles what a query said, or that none can be asked, and plans the next look. */
export async function settleQueryAnswer(
  deps: SettleQueryDeps,
  payment: Planned,
  resultCode: string | null,
  resultDescription: string,
): Promise<void> {
  const receivedAt = deps.clock.now();
  const { rung, pauseMs, stillOpen } = nextLook(deps.ladderMs, payment.rung);
  await settle(deps, [
    {
      kind: 'evidence',
      id: newId(receivedAt),
      receivedAt,
      peer: null,
      body: null,
      transactionId: payment.id,
      evidence: {
        kind: 'query',
        source: 'QUERY',
        resultCode,
        resultDescription,
        next: { rung, pauseMs, stillOpen, plannedFor: payment.plannedFor },
      },
    },
  ]);
}
