import { eachAlone } from '../../lib/each-alone.ts';
import { settle, type SettleDeps } from './settle.ts';

/** Settles the callbacks that named this CheckoutRequestID before anyone knew whose it is. */
export async function matchUnmatched(deps: SettleDeps, checkoutRequestId: string): Promise<void> {
  const waiting = await deps.prisma.unmatchedEvidence.findMany({
    where: { checkoutRequestId },
    include: { evidence: true },
    orderBy: { evidenceId: 'asc' },
  });
  if (waiting.length === 0) return;
  await settle(
    deps,
    waiting.map(({ evidence: kept }) => ({
      kind: 'unaddressed',
      id: kept.id,
      receivedAt: kept.receivedAt,
      peer: kept.peer,
      body: kept.body === null ? null : Buffer.from(kept.body),
      evidence: {
        kind: 'callback',
        source: 'CALLBACK',
        merchantRequestId: kept.merchantRequestId,
        checkoutRequestId,
        resultCode: kept.resultCode ?? '',
        resultDescription: kept.resultDescription ?? '',
        receipt: kept.receipt,
        amountCents: kept.amountCents,
        paidAt: kept.paidAt,
      },
    })),
  );
}

/**
 * Does the same for all: a callback may have been stored at the very moment in which its id became known.
 */
export async function sweepUnmatched(deps: SettleDeps): Promise<void> {
  // One that got its verdict while it was being filed stays filed, and would be looked at for ever.
  await deps.sql`
    delete from unmatched_evidence u using evidence e
    where e.id = u.evidence_id and e.verdict <> 'UNMATCHED'`;
  // In no order: a hundred that cannot be settled must not hide those behind them for ever.
  const known = await deps.prisma.$queryRaw<{ id: string }[]>`
    select id from (
      select distinct u.checkout_request_id as id from unmatched_evidence u
      join attempts a on a.checkout_request_id = u.checkout_request_id) known
    order by random() limit 100`;
  await eachAlone(known, ({ id }) => matchUnmatched(deps, id), 'Some callbacks could not be matched');
}
