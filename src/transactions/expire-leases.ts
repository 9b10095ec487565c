import type { PrismaClient } from '../database/database.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Evidence } from './evidence.ts';
import { settle, type SettleDeps } from './settle.ts';

type Expired = { transaction_id: string; number: number; dispatched: boolean };

/**
 * Ends the pushes whose process died. One that was never dispatched provably prompted nobody; one that was may have.
 * Answers with how many it looked at.
 */
export async function expireLeases(deps: SettleDeps & { clock: Clock }): Promise<number> {
  const expired = await deps.prisma.$queryRaw<Expired[]>`
    select w.transaction_id::text, a.number, a.dispatched_at is not null as dispatched
    from open_work w cross join lateral (
      select number, dispatched_at from attempts where transaction_id = w.transaction_id order by number desc limit 1) a
    where w.lease_expires_at < now() order by w.lease_expires_at limit 100`;
  const receivedAt = deps.clock.now();
  for (const { transaction_id: transactionId, number, dispatched } of expired) {
    const evidence: Evidence = {
      source: 'TIMER',
      attempt: number,
      ...(dispatched ? mayHaveGone : neverLeft),
    };
    await settle(deps, [
      {
        kind: 'evidence',
        id: newId(receivedAt),
        receivedAt,
        peer: null,
        body: null,
        transactionId,
        evidence,
      },
    ]);
  }
  return expired.length;
}

const mayHaveGone = {
  kind: 'prompt-unknown',
  message: 'The server stopped before M-Pesa answered: the prompt may have gone out.',
} as const;

const neverLeft = {
  kind: 'prompt-not-sent',
  message: 'The server stopped before the request to M-Pesa was sent: nobody was prompted.',
} as const;

/**
 * Ends every lease at once. Only for a database that has one process, at its start: whoever held them is gone.
 */
export async function abandonLeases(prisma: PrismaClient): Promise<void> {
  await prisma.$executeRaw`update open_work set lease_expires_at = now() where lease_expires_at > now()`;
}
