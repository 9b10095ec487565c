import type { AttentionReason } from '../../database/generated/prisma/enums.ts';
import { settleOperatorsWord, type Operator, type OperatorDeps } from './operator.ts';

export type Clearance = { reasons: readonly AttentionReason[]; reason: string };

/** A person has looked at exactly these: they are taken from the payment, and it is kept who did so, when and why. */
export async function clearAttention(
  deps: OperatorDeps,
  operator: Operator,
  transactionId: string,
  { reasons, reason }: Clearance,
): Promise<void> {
  await settleOperatorsWord(deps, operator, transactionId, {
    kind: 'attention-cleared',
    source: 'OPERATOR',
    reasons,
    reason,
  });
}
