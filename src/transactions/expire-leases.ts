import type { PrismaClient } from '../database/database.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Evidence } from './evidence.ts';
import { settle, type SettleDeps } from './settle.ts';

type Expired = { transaction_id: string; number: number; dispatched: boolean };

/**
 * Ends the pushes whose process died. One that was never dispatched provably prompted nobody; one that was may have.
 * One that cannot be ended holds up none of the others; it is thrown after them.
 * Answers with how many there were.
 */
export async function expireLeases(deps: SettleDeps & { clock: Clock }): Promise<number> {
  const expired = await deps.prisma.$queryRaw<Expired[]>`
    select w.transaction_id::text, a.number, a.dispatched_at is not null as dispatched
    from open_work w cross join lateral (
      select number, dispatched_at from attempts where transaction_id = w.transaction_id order by number desc limit 1) a
    where w.lease_expires_at < now() order by w.lease_expires_at limit 20`;
  const outcomes = await Promise.allSettled(expired.map((push) => expire(deps, push)));
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failures.length > 0) throw new AggregateError(failures, 'Some expired pushes could not be ended');
  return expired.length;
}

async function expire(deps: SettleDeps & { clock: Clock }, push: Expired): Promise<void> {
  const receivedAt = deps.clock.now();
  const evidence: Evidence = {
    source: 'TIMER',
    attempt: push.number,
    ...(push.dispatched ? mayHaveGone : neverLeft),
  };
  await settle(deps, [
    {
      kind: 'evidence',
      id: newId(receivedAt),
      receivedAt,
      peer: null,
      body: null,
      transactionId: push.transaction_id,
      evidence,
    },
  ]);
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
