import { beforeEach, describe, expect, it } from 'vitest';
import { DarajaError } from '../../src/daraja/daraja-error.ts';
import type { StkQueryAnswer } from '../../src/daraja/stk-query.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createQueryBudget } from '../../src/reconciliation/query-budget.ts';
import { startReconciler, type ReconcilerDeps } from '../../src/reconciliation/reconciler.ts';
import { recheckPayment } from '../../src/transactions/operate/recheck-payment.ts';
import { createFakeDaraja, type FakeDaraja } from '../support/fake-daraja.ts';
import { storePayment, type PaymentColumns } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';
import { testLogger } from '../support/log-record.ts';

/** A crowded machine may take its time. */
const poll = <T>(look: () => T) => expect.poll(look, { timeout: 10_000 });

onEachDatabase('reconciliation', (opened) => {
  beforeEach(async () => {
    await opened().prisma.openWork.deleteMany();
  });

  const start = (daraja: FakeDaraja, changes: Partial<ReconcilerDeps> = {}) =>
    startReconciler({
      ...opened(),
      announce: () => undefined,
      clock: systemClock,
      logger: testLogger,
      daraja,
      budget: createQueryBudget(opened().prisma, 'test', 60_000),
      ladderMs: [1, 1, 1, 60_000],
      idleMs: 5,
      ...changes,
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
    await poll(async () => (await rowOf(id)).status).toBe('COMPLETED');
    expect(daraja.queries).toEqual([`ws_CO_${id}`]);
  });

  it('fails a payment when M-Pesa has said so twice', async () => {
    const id = await storeDue();
    const daraja = createFakeDaraja({ query: () => result('1032') });
    await using _reconciler = start(daraja);
    await poll(async () => (await rowOf(id)).status).toBe('CANCELLED');
    expect(daraja.queries).toHaveLength(2);
  });

  it('climbs a rung with an answer that settles nothing', async () => {
    const id = await storeDue();
    await using _reconciler = start(createFakeDaraja({ query: () => result('4999') }));
    await poll(() => workOf(id)).toEqual({ rung: 3, looks: 3 });
    expect((await rowOf(id)).status).toBe('AWAITING_PAYER');
  });

  it.each<StkQueryAnswer['outcome']>(['no-answer', 'throttled'])(
    'stays on its rung after %s',
    async (outcome) => {
      const id = await storeDue();
      const daraja = createFakeDaraja({
        query: () => ({ outcome, message: '', advice: '' }) as StkQueryAnswer,
      });
      await using _reconciler = start(daraja);
      await poll(() => daraja.queries.length).toBeGreaterThan(1);
      expect(await workOf(id)).toMatchObject({ rung: 0 });
    },
  );

  it('climbs a rung where M-Pesa refuses to answer, and raises attention in the end', async () => {
    const id = await storeDue();
    const refused = {
      outcome: 'refused',
      kind: 'not-entitled',
      message: 'No apiproduct match.',
      advice: 'Ask Safaricom.',
    } as const;
    await using _reconciler = start(createFakeDaraja({ query: () => refused }), { ladderMs: [1, 1] });
    await poll(async () => (await rowOf(id)).attention).toEqual(['STILL_OPEN']);
  });

  it('gives back a token that M-Pesa refuses', async () => {
    await storeDue();
    const daraja = createFakeDaraja({ query: () => ({ outcome: 'invalid-token', message: '' }) });
    await using _reconciler = start(daraja);
    await poll(() => daraja.discarded).toEqual([1]);
  });

  it('raises attention for a payment that it cannot ask about, after the ladder', async () => {
    const id = await storeDue({ status: 'UNCONFIRMED', checkoutRequestId: null });
    const daraja = createFakeDaraja();
    await opened().prisma.openWork.updateMany({ where: { transactionId: id }, data: { rung: 3 } });
    await using _reconciler = start(daraja);
    await poll(async () => (await rowOf(id)).attention).toEqual(['STILL_OPEN']);
    expect([(await rowOf(id)).status, daraja.queries]).toEqual(['UNCONFIRMED', []]);
  });

  it('spends no slot while there is no access token', async () => {
    const id = await storeDue();
    await opened().prisma.queryBudget.deleteMany();
    let asked = 0;
    const daraja = createFakeDaraja({
      accessToken: () => {
        asked += 1;
        return Promise.reject(new DarajaError('busy', 'No.', 'Wait.'));
      },
    });
    await using _reconciler = start(daraja);
    await poll(() => asked).toBe(1);
    expect(await opened().prisma.queryBudget.count()).toBe(0);
    expect(await workOf(id)).toEqual({ rung: 0, looks: 0 });
  });

  it('halves the rate when M-Pesa says that it is too much, and costs no rung', async () => {
    const id = await storeDue();
    const daraja = createFakeDaraja({ query: () => ({ outcome: 'throttled', message: '' }) });
    await using _reconciler = start(daraja);
    const halvedUntil = async () =>
      (await opened().prisma.queryBudget.findUnique({ where: { name: 'test' } }))?.halvedUntil ?? null;
    await poll(halvedUntil).not.toBeNull();
    expect(await workOf(id)).toMatchObject({ rung: 0 });
    await opened().prisma.queryBudget.deleteMany();
  });

  it.each(['young', 'old'])('settles nothing when M-Pesa does not know a request that is %s', async (age) => {
    const createdAt = new Date(Date.now() - (age === 'young' ? 60_000 : 3_600_000));
    const id = await storeDue({ createdAt });
    const daraja = createFakeDaraja({ query: () => ({ outcome: 'too-early-or-unknown-id', message: '' }) });
    await using _reconciler = start(daraja);
    await poll(() => workOf(id)).toEqual({ rung: 3, looks: 3 });
    expect(await rowOf(id)).toMatchObject({ status: 'AWAITING_PAYER', attention: [] });
  });

  describe('a question', () => {
    const letLeaseRunOut = () =>
      opened().prisma.$executeRaw`update open_work set check_lease_until = now() - interval '1 s'`;

    it('whose process died is asked again when its lease has run out', async () => {
      const id = await storeDue();
      const silent = createFakeDaraja({ query: () => new Promise(() => undefined) });
      // Never disposed of: it would wait for the answer for ever.
      const stopping = start(silent);
      await poll(() => silent.queries.length).toBe(1);
      void stopping[Symbol.asyncDispose]();
      const other = createFakeDaraja({ query: () => result('0') });
      await using _reconciler = start(other);
      await poll(async () => (await workOf(id))?.looks).toBe(1);
      expect(other.queries).toEqual([]);
      await letLeaseRunOut();
      await poll(async () => (await rowOf(id)).status).toBe('COMPLETED');
    });

    it('whose answer cannot be stored is asked again when its lease has run out', async () => {
      const id = await storeDue();
      const daraja = createFakeDaraja({
        query: () => {
          const receivedAt = daraja.queries.length === 1 ? new Date(Number.NaN) : new Date();
          now = () => receivedAt;
          return result('0');
        },
      });
      let now = () => new Date();
      await using _reconciler = start(daraja, { clock: { now: () => now() } });
      await poll(() => daraja.queries.length).toBe(1);
      expect(await rowOf(id)).toMatchObject({ status: 'AWAITING_PAYER' });
      await letLeaseRunOut();
      await poll(async () => (await rowOf(id)).status).toBe('COMPLETED');
    });
  });

  describe('at the end of the ladder', () => {
    const lastDailyLook = 4 + 6;

    it('asks no more, and has raised attention', async () => {
      const id = await storeDue();
      await opened().prisma.openWork.updateMany({ data: { rung: lastDailyLook } });
      await using _reconciler = start(createFakeDaraja({ query: () => result('4999') }));
      await poll(async () => (await rowOf(id)).attention).toEqual(['STILL_OPEN']);
      expect(await opened().prisma.openWork.findUnique({ where: { transactionId: id } })).toMatchObject({
        rung: lastDailyLook + 1,
        nextCheckAt: null,
        checkLeaseUntil: null,
      });
    });

    it('asks when a person wants it, once for each time', async () => {
      const id = await storeDue();
      await opened().prisma.openWork.updateMany({ data: { rung: lastDailyLook + 1, nextCheckAt: null } });
      const daraja = createFakeDaraja({ query: () => result('4999') });
      await using _reconciler = start(daraja);
      for (const asked of [1, 2]) {
        expect(await recheckPayment(opened(), id)).toBe(true);
        await poll(() => workOf(id)).toMatchObject({ looks: asked, rung: lastDailyLook + 1 + asked });
      }
      expect(daraja.queries).toHaveLength(2);
    });
  });

  it('asks once about a final payment that a person doubts, and leaves nothing to do', async () => {
    const id = await storeDue({ status: 'EXPIRED', settledRank: 3, resultCode: '1037' });
    await opened().prisma.openWork.deleteMany();
    await recheckPayment(opened(), id);
    const daraja = createFakeDaraja({ query: () => result('4999') });
    await using _reconciler = start(daraja);
    await poll(() => workOf(id)).toBeNull();
    expect(daraja.queries).toEqual([`ws_CO_${id}`]);
    expect(await rowOf(id)).toMatchObject({ status: 'EXPIRED', attention: [] });
  });

  it('waits for the answer under way when it stops', async () => {
    const id = await storeDue();
    let answer: (said: StkQueryAnswer) => void = () => undefined;
    const daraja = createFakeDaraja({ query: () => new Promise((resolve) => (answer = resolve)) });
    const reconciler = start(daraja);
    await poll(() => daraja.queries.length).toBe(1);
    const stopped = reconciler[Symbol.asyncDispose]();
    answer(result('0'));
    await stopped;
    expect((await rowOf(id)).status).toBe('COMPLETED');
  });
});
