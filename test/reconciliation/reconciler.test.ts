import { beforeEach, expect, it } from 'vitest';
import type { StkQueryAnswer } from '../../src/daraja/stk-query.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { createQueryBudget } from '../../src/reconciliation/query-budget.ts';
import { startReconciler } from '../../src/reconciliation/reconciler.ts';
import { createFakeDaraja, type FakeDaraja } from '../support/fake-daraja.ts';
import { storePayment, type PaymentColumns } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';

onEachDatabase('reconciliation', (opened) => {
  beforeEach(async () => {
    await opened().prisma.openWork.deleteMany();
  });

  const start = (daraja: FakeDaraja) =>
    startReconciler({
      prisma: opened().prisma,
      announce: () => undefined,
      clock: systemClock,
      logger: createLogger('silent'),
      daraja,
      budget: createQueryBudget(opened().prisma, 'test', 60_000),
      ladderMs: [1, 1, 1, 60_000],
      idleMs: 5,
    });

  async function storeDue(columns: PaymentColumns = {}): Promise<string> {
    const { id } = await storePayment(opened().prisma, columns);
    const nextCheckAt = new Date('2026-01-01T00:00:00Z');
    await opened().prisma.openWork.updateMany({ where: { transactionId: id }, data: { nextCheckAt } });
    return id;
  }

  const rowOf = (id: string) => opened().prisma.transaction.findUniqueOrThrow({ where: { id } });
  const workOf = (transactionId: string) =>
    opened().prisma.openWork.findUnique({ where: { transactionId }, select: { rung: true, looks: true } });
  const result = (resultCode: string): StkQueryAnswer => ({
    outcome: 'result',
    resultCode,
    resultDescription: '',
  });

  it('completes a payment that M-Pesa says is paid, and asks no more', async () => {
    const id = await storeDue();
    const daraja = createFakeDaraja({ query: () => result('0') });
    await using _reconciler = start(daraja);
    await expect.poll(async () => (await rowOf(id)).status).toBe('COMPLETED');
    expect(daraja.queries).toEqual([`ws_CO_${id}`]);
  });

  it('fails a payment when M-Pesa has said so twice', async () => {
    const id = await storeDue();
    const daraja = createFakeDaraja({ query: () => result('1032') });
    await using _reconciler = start(daraja);
    await expect.poll(async () => (await rowOf(id)).status).toBe('CANCELLED');
    expect(daraja.queries).toHaveLength(2);
  });

  it('climbs a rung with an answer that settles nothing', async () => {
    const id = await storeDue();
    await using _reconciler = start(createFakeDaraja({ query: () => result('4999') }));
    await expect.poll(() => workOf(id)).toEqual({ rung: 3, looks: 3 });
    expect((await rowOf(id)).status).toBe('AWAITING_PAYER');
  });

  it.each<StkQueryAnswer['outcome']>(['no-answer', 'throttled', 'refused'])(
    'stays on its rung after %s',
    async (outcome) => {
      const id = await storeDue();
      const daraja = createFakeDaraja({
        query: () => ({ outcome, message: '', advice: '' }) as StkQueryAnswer,
      });
      await using _reconciler = start(daraja);
      await expect.poll(() => daraja.queries.length).toBeGreaterThan(1);
      expect(await workOf(id)).toMatchObject({ rung: 0 });
    },
  );

  it('gives back a token that M-Pesa refuses', async () => {
    await storeDue();
    const daraja = createFakeDaraja({ query: () => ({ outcome: 'invalid-token', message: '' }) });
    await using _reconciler = start(daraja);
    await expect.poll(() => daraja.discarded).toEqual([1]);
  });

  it('raises attention for a payment that it cannot ask about, after the ladder', async () => {
    const id = await storeDue({ status: 'UNCONFIRMED', checkoutRequestId: null });
    const daraja = createFakeDaraja();
    await opened().prisma.openWork.updateMany({ where: { transactionId: id }, data: { rung: 3 } });
    await using _reconciler = start(daraja);
    await expect.poll(async () => (await rowOf(id)).attention).toEqual(['STILL_OPEN']);
    expect([(await rowOf(id)).status, daraja.queries]).toEqual(['UNCONFIRMED', []]);
  });

  it('waits for the answer under way when it stops', async () => {
    const id = await storeDue();
    let answer: (said: StkQueryAnswer) => void = () => undefined;
    const daraja = createFakeDaraja({ query: () => new Promise((resolve) => (answer = resolve)) });
    const reconciler = start(daraja);
    await expect.poll(() => daraja.queries.length).toBe(1);
    const stopped = reconciler[Symbol.asyncDispose]();
    answer(result('0'));
    await stopped;
    expect((await rowOf(id)).status).toBe('COMPLETED');
  });
});
