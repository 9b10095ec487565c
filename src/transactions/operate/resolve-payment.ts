import type { ResolvedOutcome } from '../decide/evidence.ts';
import { settleOperatorsWord, type Operator, type OperatorDeps } from './operator.ts';

export type Resolution = { outcome: ResolvedOutcome; reason: string };

/**
 * Settles an open payment by a person's word, which any word of M-Pesa's outweighs later. `already-final`: nothing has
 * changed, and `message` says how the payment stands.
 */
export async function resolvePayment(
  deps: OperatorDeps,
  operator: Operator,
  transactionId: string,
  { outcome, reason }: Resolution,
): Promise<{ outcome: 'resolved' } | { outcome: 'already-final'; message: string }> {
  const { verdict, reason: message } = await settleOperatorsWord(deps, operator, transactionId, {
    kind: 'operator-resolved',
    source: 'OPERATOR',
    outcome,
    reason,
  });
  return verdict === 'APPLIED' ? { outcome: 'resolved' } : { outcome: 'already-final', message };
}
