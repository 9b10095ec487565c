import { describe, expect, it } from 'vitest';
import { createLeasedValues } from '../../src/database/leased-values.ts';
import { newId } from '../../src/lib/ids.ts';
import { pruneOldBodies } from '../../src/retention/retention.ts';
import { storePayment } from '../support/payments.ts';
import { onEachDatabase, type TestDatabase } from '../support/test-database.ts';
import { testLogger } from '../support/log-record.ts';

const now = new Date('2026-11-24T09:00:00Z');
const daysAgo = (days: number): Date => new Date(now.getTime() - days * 86_400_000);

onEachDatabase('raw callback bodies', (opened) => {
  const prune = (at = now) =>
    pruneOldBodies({
      prisma: opened().prisma,
      clock: { now: () => at },
      logger: testLogger,
      bodyDays: 90,
    });

  it('older than is wanted are removed, however many there are, and newer ones are not', async () => {
    const { prisma } = opened();
    const { id } = await storePayment(prisma);
    const old = await store(
      opened(),
      id,
      Array.from({ length: 1_203 }, (_, index) => daysAgo(91 + index / 100)),
    );
    const recent = await store(opened(), id, [daysAgo(89), now]);
    await prune();
    const kept = await prisma.evidence.findMany({ where: { body: { not: null } }, select: { id: true } });
    expect(kept.map((row) => row.id).toSorted()).toEqual(recent.toSorted());
    const pruned = await prisma.evidence.findMany({ where: { id: { in: old } } });
    expect(pruned).toHaveLength(1_203);
    for (const row of pruned) {
      expect(row).toMatchObject({ body: null, bodyHash: 'hash', verdict: 'APPLIED', resultCode: '0' });
    }
    expect(await prisma.transactionEvent.count({ where: { transactionId: id } })).toBe(1);
  });

  it('are removed when their time has come, after those before them', async () => {
    const { prisma } = opened();
    const { id } = await storePayment(prisma);
    const [first, second] = await store(opened(), id, [daysAgo(60), daysAgo(30)]);
    const left = async () => {
      const rows = await prisma.evidence.findMany({
        where: { transactionId: id, body: { not: null } },
        select: { id: true },
      });
      return rows.map((row) => row.id).toSorted();
    };
    await prune();
    expect(await left()).toEqual([first, second]);
    await prune(daysAgo(-31));
    expect(await left()).toEqual([second]);
    await prune(daysAgo(-61));
    expect(await left()).toEqual([]);
  });

  it('that still wait for their payment wait no longer', async () => {
    const { prisma } = opened();
    const [evidenceId = ''] = await store(opened(), null, [daysAgo(20)]);
    await prisma.unmatchedEvidence.create({ data: { evidenceId, checkoutRequestId: 'ws_CO_nobody' } });
    await prune(daysAgo(-80));
    expect(await prisma.unmatchedEvidence.count()).toBe(0);
    expect(await prisma.evidence.findUnique({ where: { id: evidenceId } })).toMatchObject({ body: null });
  });

  describe('while another process removes them', () => {
    it('are left to it', async () => {
      const { prisma } = opened();
      const progress = createLeasedValues(prisma, 'retention');
      const lease = await progress.lease((await progress.read())?.version ?? 0, 60_000);
      const { id } = await storePayment(prisma);
      await store(opened(), id, [daysAgo(10)]);
      await prune(daysAgo(-90));
      expect(await prisma.evidence.count({ where: { transactionId: id, body: { not: null } } })).toBe(1);
      await progress.release(lease?.holder ?? '');
      await prune(daysAgo(-90));
      expect(await prisma.evidence.count({ where: { transactionId: id, body: { not: null } } })).toBe(0);
    });
  });
});

async function store(
  { prisma }: TestDatabase,
  transactionId: string | null,
  times: readonly Date[],
): Promise<string[]> {
  const rows = times.map((receivedAt) => ({
    id: newId(receivedAt),
    source: 'CALLBACK' as const,
    verdict: transactionId === null ? ('UNMATCHED' as const) : ('APPLIED' as const),
    transactionId,
    receivedAt,
    body: Buffer.from('{}'),
    bodyHash: 'hash',
    resultCode: '0',
  }));
  await prisma.evidence.createMany({ data: rows });
  return rows.map(({ id }) => id);
}
