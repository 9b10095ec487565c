import { beforeAll, describe, expect, it } from 'vitest';
import type { PrismaClient } from '../../../src/database/database.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createTaskSet } from '../../../src/lib/task-set.ts';
import type { Evidence } from '../../../src/transactions/decide/evidence.ts';
import { clearAttention } from '../../../src/transactions/operate/clear-attention.ts';
import { recheckPayment } from '../../../src/transactions/operate/recheck-payment.ts';
import { resolvePayment } from '../../../src/transactions/operate/resolve-payment.ts';
import { requestPayment } from '../../../src/transactions/request-payment.ts';
import { createPaymentWrites } from '../../../src/transactions/writes/payment-writes.ts';
import { settle } from '../../../src/transactions/settle/settle.ts';
import { acceptance, createFakeDaraja, type PushScript } from '../../support/fake-daraja.ts';
import { collectHints } from '../../support/hints.ts';
import { clientId, storePayment, type PaymentColumns, type StoredPayment } from '../../support/payments.ts';
import { onEachDatabase } from '../../support/test-database.ts';
import { failure, query, success, unknown } from '../support/evidence.ts';
import { testLogger } from '../../support/log-record.ts';

const operator = { clientId };
let receipts = 0;
const newReceipt = () => `UOP${String(process.pid)}${String((receipts += 1))}`;

onEachDatabase('an operator', (opened) => {
  let prisma: PrismaClient;
  beforeAll(() => {
    ({ prisma } = opened());
  });

  const { hints, announce } = collectHints();
  const deps = () => ({ ...opened(), clock: systemClock, announce, logger: testLogger });
  const resolve = ({ id }: Pick<StoredPayment, 'id'>, outcome: 'COMPLETED' | 'FAILED' = 'COMPLETED') =>
    resolvePayment(deps(), operator, id, { outcome, reason: 'Seen on the statement.' });

  async function say({ id }: Pick<StoredPayment, 'id'>, evidence: Evidence) {
    const receivedAt = new Date();
    const body = evidence.kind === 'callback' ? Buffer.from(JSON.stringify(evidence)) : null;
    const arrival = { id: newId(receivedAt), receivedAt, peer: null, body };
    return settle(deps(), [{ ...arrival, kind: 'evidence', transactionId: id, evidence }]);
  }

  const rowOf = ({ id }: Pick<StoredPayment, 'id'>) =>
    prisma.transaction.findUniqueOrThrow({ where: { id }, include: { events: true, evidence: true } });
  const workOf = ({ id }: Pick<StoredPayment, 'id'>) =>
    prisma.openWork.findUnique({ where: { transactionId: id } });
  const storeUnconfirmed = (columns: PaymentColumns = {}) =>
    storePayment(prisma, { status: 'UNCONFIRMED', checkoutRequestId: null, ...columns });

  describe('who resolves a payment', () => {
    it('settles it, once, and it is kept who did so, when and why', async () => {
      const payment = await storeUnconfirmed();
      expect(await resolve(payment)).toEqual({ outcome: 'resolved' });
      const row = await rowOf(payment);
      expect(row).toMatchObject({ status: 'COMPLETED', sequence: 2, settledRank: 5, attention: [] });
      expect(row.evidence).toMatchObject([
        {
          source: 'OPERATOR',
          verdict: 'APPLIED',
          verdictReason: 'Paid, says an operator.',
          resultDescription: 'Seen on the statement.',
          peer: `development (${clientId})`,
        },
      ]);
      expect(row.evidence[0]?.receivedAt).toEqual(row.settledAt);
      expect(row.events).toHaveLength(2);
      expect(hints.at(-1)).toEqual([payment.id]);
    });

    it('leaves nothing to do for one that M-Pesa cannot be asked about', async () => {
      const payment = await storeUnconfirmed();
      await resolve(payment, 'FAILED');
      expect(await workOf(payment)).toBeNull();
    });

    it('has M-Pesa asked once more about one that it can be asked about', async () => {
      const payment = await storePayment(prisma);
      await resolve(payment, 'FAILED');
      expect((await workOf(payment))?.nextCheckAt?.getTime()).toBeLessThan(Date.now() + 5_000);
      await say(payment, query('0'));
      expect(await rowOf(payment)).toMatchObject({ status: 'COMPLETED', settledRank: 2 });
      expect(await workOf(payment)).toBeNull();
    });

    it('changes nothing of one that is final, and is told how it stands', async () => {
      const payment = await storePayment(prisma);
      await say(payment, failure('1032', { checkoutRequestId: payment.checkoutRequestId }));
      const before = await rowOf(payment);
      const refused = await resolve(payment);
      expect(refused).toMatchObject({ outcome: 'already-final' });
      expect('message' in refused && refused.message).toContain('CANCELLED');
      expect(await rowOf(payment)).toEqual(before);
    });

    it('at the instant of a callback wins or loses, and the payment is paid either way', async () => {
      for (let round = 0; round < 10; round += 1) {
        const payment = await storePayment(prisma);
        const receipt = newReceipt();
        const paid = success({ receipt, checkoutRequestId: payment.checkoutRequestId });
        const [resolved] = await Promise.all([resolve(payment, 'FAILED'), say(payment, paid)]);
        const row = await rowOf(payment);
        expect(row).toMatchObject({ status: 'COMPLETED', mpesaReceiptNumber: receipt, attention: [] });
        expect(row.events).toHaveLength(resolved.outcome === 'resolved' ? 3 : 2);
      }
    });

    it('as another does so too is one of two', async () => {
      const payment = await storeUnconfirmed();
      const both = await Promise.all([resolve(payment, 'COMPLETED'), resolve(payment, 'FAILED')]);
      expect(both.map(({ outcome }) => outcome).sort()).toEqual(['already-final', 'resolved']);
      const row = await rowOf(payment);
      expect([row.events.length, row.evidence.length]).toEqual([2, 1]);
    });

    describe('while its push is under way', () => {
      /** Answers with the payment when its push has got as far as `reached`. */
      async function request(push: PushScript, accessToken?: () => Promise<void>) {
        const daraja = createFakeDaraja({ push, ...(accessToken ? { accessToken } : {}) });
        const requested = await requestPayment(
          {
            ...deps(),
            daraja,
            logger: testLogger,
            pushes: createTaskSet(() => undefined),
            merchant: { businessShortCode: '174379', partyB: '174379' },
            allowReservedPayers: true,
            promptGuard: null,
            callbackUrl: () => 'http://127.0.0.1/cb/x',
            writes: createPaymentWrites({ ...deps(), firstCheckMs: 60_000 }),
            resendPausesMs: [],
            spool: () => Promise.reject(new Error('There is no spool here')),
          },
          clientId,
          {
            phoneNumber: '254712345678',
            amount: 10,
            accountReference: 'A',
            idempotencyKey: newId(new Date()),
          },
        );
        if (requested.outcome !== 'requested') throw new Error(requested.outcome);
        return { id: requested.transactionId, answered: requested.answered, daraja };
      }

      /** A door that opens when it is told to. */
      function door() {
        const { promise, resolve: open } = Promise.withResolvers<undefined>();
        return { passed: promise, open: () => open(undefined) };
      }

      it('and has not left: it never does', async () => {
        const token = door();
        const payment = await request(acceptance, () => token.passed);
        await resolve(payment, 'FAILED');
        token.open();
        await payment.answered;
        expect(payment.daraja.pushes).toEqual([]);
        expect(await rowOf(payment)).toMatchObject({ status: 'FAILED', sequence: 2, attention: [] });
      });

      it.each([
        ['FAILED', ['EVIDENCE_CONTRADICTS']],
        ['COMPLETED', []],
      ] as const)('and is then accepted: %s stands, and M-Pesa is asked', async (outcome, attention) => {
        const answer = door();
        const payment = await request(() => answer.passed.then(acceptance));
        await expect.poll(() => payment.daraja.pushes.length, { timeout: 10_000 }).toBe(1);
        await resolve(payment, outcome);
        answer.open();
        await payment.answered;
        const row = await rowOf(payment);
        expect(row).toMatchObject({ status: outcome, sequence: 2, attention });
        expect(row.checkoutRequestId).not.toBeNull();
        expect((await workOf(payment))?.nextCheckAt?.getTime()).toBeLessThan(Date.now() + 5_000);
      });

      it('and is never answered: the word stands', async () => {
        const payment = await storePayment(prisma, { status: 'REQUESTED', checkoutRequestId: null });
        await resolve(payment, 'COMPLETED');
        await say(payment, unknown());
        expect(await rowOf(payment)).toMatchObject({ status: 'COMPLETED', sequence: 2, attention: [] });
      });
    });
  });

  describe('who clears attention', () => {
    it('takes exactly what is named; who, when and why is kept, and no change is told', async () => {
      const payment = await storePayment(prisma, {
        status: 'COMPLETED',
        settledRank: 1,
        attention: ['PAID_TWICE', 'AMOUNT_DIFFERS'],
      });
      const told = hints.length;
      await clearAttention(deps(), operator, payment.id, {
        reasons: ['PAID_TWICE', 'STILL_OPEN'],
        reason: 'Refunded.',
      });
      const row = await rowOf(payment);
      expect(row).toMatchObject({ attention: ['AMOUNT_DIFFERS'], sequence: 1, status: 'COMPLETED' });
      expect(row.evidence).toMatchObject([
        {
          source: 'OPERATOR',
          verdictReason: 'Cleared: PAID_TWICE.',
          resultDescription: 'Refunded.',
          peer: `development (${clientId})`,
        },
      ]);
      expect([row.events.length, hints.length]).toEqual([1, told]);
    });

    it('that is not raised changes nothing and leaves nothing', async () => {
      const payment = await storePayment(prisma, { attention: ['STILL_OPEN'] });
      await clearAttention(deps(), operator, payment.id, { reasons: ['PAID_TWICE'], reason: 'Seen.' });
      await clearAttention(deps(), operator, payment.id, { reasons: [], reason: 'Seen.' });
      expect(await rowOf(payment)).toMatchObject({ attention: ['STILL_OPEN'], evidence: [] });
    });

    it('sees it again when something new contradicts the payment, and not when it is only said again', async () => {
      const payment = await storePayment(prisma);
      const { checkoutRequestId } = payment;
      await say(payment, success({ receipt: newReceipt(), checkoutRequestId }));
      await say(payment, failure('1032', { checkoutRequestId }));
      await clearAttention(deps(), operator, payment.id, {
        reasons: ['EVIDENCE_CONTRADICTS'],
        reason: 'Paid.',
      });
      await say(payment, failure('1032', { checkoutRequestId }));
      expect((await rowOf(payment)).attention).toEqual([]);
      await say(payment, failure('1037', { checkoutRequestId }));
      expect((await rowOf(payment)).attention).toEqual(['EVIDENCE_CONTRADICTS']);
    });

    it('at the instant of a contradiction loses neither', async () => {
      for (let round = 0; round < 10; round += 1) {
        const payment = await storePayment(prisma, { attention: ['STILL_OPEN'] });
        const { checkoutRequestId } = payment;
        const other = success({ receipt: newReceipt(), checkoutRequestId, amountCents: 5 });
        const clearance = { reasons: ['STILL_OPEN'] as const, reason: 'Seen.' };
        await Promise.all([say(payment, other), clearAttention(deps(), operator, payment.id, clearance)]);
        expect((await rowOf(payment)).attention).toEqual(['AMOUNT_DIFFERS']);
      }
    });
  });

  describe('who wants M-Pesa asked again', () => {
    const planned = (payment: StoredPayment, nextCheckAt: Date | null) =>
      prisma.openWork.update({ where: { transactionId: payment.id }, data: { nextCheckAt } });
    const isDue = async (payment: StoredPayment) => {
      const work = await workOf(payment);
      return work?.nextCheckAt != null && work.nextCheckAt.getTime() < Date.now() + 5_000;
    };

    it.each([new Date('2100-01-01T00:00:00Z'), null])('has it due at once (planned for %s)', async (at) => {
      const payment = await storePayment(prisma);
      await planned(payment, at);
      expect(await recheckPayment({ prisma }, payment.id)).toBe(true);
      expect(await isDue(payment)).toBe(true);
    });

    it('waits for the answer, and is served like whoever watches', async () => {
      const payment = await storePayment(prisma);
      await recheckPayment({ prisma }, payment.id);
      expect((await workOf(payment))?.watchedUntil?.getTime()).toBeGreaterThan(Date.now());
    });

    it('of what is due already adds no question', async () => {
      const payment = await storePayment(prisma);
      await planned(payment, new Date('2026-01-01T00:00:00Z'));
      const before = await workOf(payment);
      for (let times = 0; times < 3; times += 1) await recheckPayment({ prisma }, payment.id);
      expect(await workOf(payment)).toMatchObject({
        nextCheckAt: before?.nextCheckAt,
        checkLeaseUntil: null,
      });
    });

    it('does so for a final payment too', async () => {
      const payment = await storePayment(prisma);
      await say(payment, failure('1037', { checkoutRequestId: payment.checkoutRequestId }));
      expect(await workOf(payment)).toBeNull();
      expect(await recheckPayment({ prisma }, payment.id)).toBe(true);
      expect(await isDue(payment)).toBe(true);
      await say(payment, query('0'));
      expect(await rowOf(payment)).toMatchObject({ status: 'EXPIRED', attention: ['EVIDENCE_CONTRADICTS'] });
    });

    it('cannot have it where M-Pesa gave no id', async () => {
      const payment = await storeUnconfirmed();
      const before = await workOf(payment);
      expect(await recheckPayment({ prisma }, payment.id)).toBe(false);
      expect(await workOf(payment)).toEqual(before);
    });

    it('does not have a failure believed that is said twice within a rung', async () => {
      const payment = await storePayment(prisma);
      const { nextCheckAt: plannedFor = null } = (await workOf(payment)) ?? {};
      const next = { rung: 12, pauseMs: null, stillOpen: true, plannedFor };
      await say(payment, query('1032', { next }));
      await recheckPayment({ prisma }, payment.id);
      await say(payment, query('1032', { next }));
      expect(await rowOf(payment)).toMatchObject({ status: 'AWAITING_PAYER', attention: ['STILL_OPEN'] });
    });
  });
});
