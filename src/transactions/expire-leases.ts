import type { PrismaClient } from '../database/database.ts';
import type { Clock } from '../lib/clock.ts';
import { eachAlone } from '../lib/each-alone.ts';
import { newId } from '../lib/ids.ts';
import { settle, type SettleDeps } from './settle/settle.ts';

type Expired = { transactionId: string; attempt: number };

/**
 * Ends the pushes whose process died. Whether one had been dispatched is decided on its locked row: it may have gone
 * out since it was found here. Answers with how many there were.
 */
export async function expireLeases(deps: SettleDeps & { clock: Clock }): Promise<number> {
  const expired = await deps.prisma.$queryRaw<Expired[]>`
    select w.transaction_id::text as "transactionId",
      (select max(number) from attempts a where a.transaction_id = w.transaction_id)::int as attempt
    from open_work w where w.lease_expires_at < now() order by w.lease_expires_at limit 20`;
  await eachAlone(expired, (push) => expire(deps, push), 'Some expired pushes could not be ended');
  return expired.length;
}

async function expire(
  deps: SettleDeps & { clock: Clock },
  { transactionId, attempt }: Expired,
): Promise<void> {
  deps.logger.info({ transactionId, attempt }, 'push lease expired');
  const receivedAt = deps.clock.now();
  const evidence = { kind: 'lease-expired', source: 'TIMER', attempt } as const;
  await settle(deps, [
    { kind: 'evidence', id: newId(receivedAt), receivedAt, peer: null, body: null, transactionId, evidence },
  ]);
}

/**
 * Ends every lease at once. Only for a database that has one process, at its start: whoever held them is gone.
 */
export async function abandonLeases(prisma: PrismaClient): Promise<void> {
  await prisma.$executeRaw`update open_work set lease_expires_at = now() where lease_expires_at > now()`;
}
