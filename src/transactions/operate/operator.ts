import type { PrismaClient } from '../../database/database.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import type { Judgement, OperatorEvidence } from '../decide/evidence.ts';
import { settle, type SettleDeps } from '../settle/settle.ts';

export type OperatorDeps = SettleDeps & { clock: Clock };

/** A person, known by the client whose key was used. */
export type Operator = { clientId: string };

/** Settles what a person says as any evidence is settled: on the locked row, kept with who, when and why. */
export async function settleOperatorsWord(
  deps: OperatorDeps,
  operator: Operator,
  transactionId: string,
  evidence: OperatorEvidence,
): Promise<Judgement> {
  const receivedAt = deps.clock.now();
  const peer = await nameOf(deps.prisma, operator);
  const id = newId(receivedAt);
  const [judgement] = await settle(deps, [
    { kind: 'evidence', id, receivedAt, peer, body: null, transactionId, evidence },
  ]);
  if (judgement === undefined) throw new Error('A submission has no judgement');
  return judgement;
}

/** A name may be given to another client later; the id is its own for ever. */
async function nameOf(prisma: PrismaClient, { clientId }: Operator): Promise<string> {
  const client = await prisma.client.findUnique({ where: { id: clientId }, select: { name: true } });
  return `${client?.name ?? 'client'} (${clientId})`;
}
