import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseAccess, PrismaClient } from '../../../src/database/database.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { CallbackEvidence, Evidence } from '../../../src/transactions/decide/evidence.ts';
import { matchUnmatched, sweepUnmatched } from '../../../src/transactions/settle/match-unmatched.ts';
import { settle } from '../../../src/transactions/settle/settle.ts';
import { settleAnswer } from '../../../src/transactions/settle-answer.ts';
import { createPaymentWrites } from '../../../src/transactions/writes/payment-writes.ts';
import type { Submission } from '../../../src/transactions/settle/submission.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { collectHints } from '../../support/hints.ts';
import { storePayment, storePayments, type StoredPayment } from '../../support/payments.ts';
import { createRandom, type Random } from '../../../src/commands/crash-test/random.ts';
import { onEachDatabase, postgresql } from '../../support/test-database.ts';
import { accepted, failure, query, refused, success } from '../support/evidence.ts';
import { testLogger } from '../../support/log-record.ts';

const receivedAt = new Date('2026-11-24T07:10:31Z');
const silent = { announce: () => undefined, logger: testLogger };

/** A receipt that no other test has. */
const newReceipt = () => `U${randomBytes(5).toString('hex').slice(0, 9).toUpperCase()}`;

type Said = Evidence & { receivedAt: Date };

function bodyOf(text: string) {
  return { id: newId(receivedAt), receivedAt, peer: '127.0.0.1', body: Buffer.from(text) };
}

/** What M-Pesa posts about this payment; the body is what it says, so that equal words are equal bytes. */
function said(payment: StoredPayment, about: Said): Submission {
  const evidence =
    about.kind === 'callback'
      ? { ...about, checkoutRequestId: about.checkoutRequestId && payment.checkoutRequestId }
      : about;
  const body = evidence.kind === 'callback' ? Buffer.from(JSON.stringify(evidence)) : null;
  return { ...bodyOf(''), body, kind: 'evidence', transactionId: payment.id, evidence };
}

function useless(payment: StoredPayment, text: string): Submission {
  return {
    ...bodyOf(text),
    kind: 'unusable',
    transactionId: payment.id,
    attempt: 1,
    reason: 'The body is not JSON.',
  };
}

function atSharedPath(checkoutRequestId: string, changes: Partial<CallbackEvidence> = {}): Submission {
  const {
    attempt: _attempt,
    receivedAt: _receivedAt,
    ...evidence
  } = success({ receipt: newReceipt(), ...changes });
  const callback = { ...evidence, checkoutRequestId };
  return { ...bodyOf(JSON.stringify(callback)), kind: 'unaddressed', evidence: callback };
}

const evidenceOf = (prisma: PrismaClient, payment: StoredPayment) =>
  prisma.evidence.findMany({ where: { transactionId: payment.id }, orderBy: { id: 'asc' } });

const rowOf = (prisma: PrismaClient, { id }: StoredPayment) =>
  prisma.transaction.findUniqueOrThrow({ where: { id } });

onEachDatabase('settling', (opened) => {
  let prisma: PrismaClient;
  beforeAll(() => {
    ({ prisma } = opened());
  });

  const settleAll = (submissions: readonly Submission[]) => settle({ ...opened(), ...silent }, submissions);

  it('stores the body with its verdict and moves the payment', async () => {
    const payment = await storePayment(prisma);
    const receipt = newReceipt();
    const posted = said(payment, success({ receipt }));
    const judgements = await settleAll([posted]);
    expect(judgements).toMatchObject([{ verdict: 'APPLIED' }]);
    expect(await rowOf(prisma, payment)).toMatchObject({
      status: 'COMPLETED',
      sequence: 2,
      mpesaReceiptNumber: receipt,
      paidAmountCents: 150_000,
      settledRank: 1,
      settledAt: receivedAt,
    });
    const [kept] = await evidenceOf(prisma, payment);
    expect(kept).toMatchObject({
      id: posted.id,
      verdict: 'APPLIED',
      source: 'CALLBACK',
      receipt,
      peer: '127.0.0.1',
    });
    expect(Buffer.from(kept?.body ?? '').equals(posted.body ?? Buffer.alloc(0))).toBe(true);
  });

  it('appends one event for each change', async () => {
    const payment = await storePayment(prisma);
    await settleAll([said(payment, failure('1032'))]);
    await settleAll([said(payment, success({ receipt: newReceipt() }))]);
    const events = await prisma.transactionEvent.findMany({
      where: { transactionId: payment.id },
      orderBy: { sequence: 'asc' },
    });
    expect(events.map(({ sequence, status }) => [sequence, status])).toEqual([
      [1, 'AWAITING_PAYER'],
      [2, 'CANCELLED'],
      [3, 'COMPLETED'],
    ]);
  });

  it('leaves nothing to do for a payment that has become final', async () => {
    const payment = await storePayment(prisma);
    await settleAll([said(payment, failure('1'))]);
    expect(await prisma.openWork.count({ where: { transactionId: payment.id } })).toBe(0);
  });

  it('plans the next look of an answer that settles nothing', async () => {
    const payment = await storePayment(prisma);
    const before = await prisma.openWork.findUniqueOrThrow({ where: { transactionId: payment.id } });
    const next = { rung: 3, pauseMs: 60_000, stillOpen: false, plannedFor: before.nextCheckAt };
    await settleAll([said(payment, query('1', { next }))]);
    const work = await prisma.openWork.findUnique({
      where: { transactionId: payment.id },
      select: { rung: true, nextCheckAt: true, suspectedCode: true },
    });
    expect(work).toMatchObject({ rung: 3, suspectedCode: '1' });
    expect(Math.abs((work?.nextCheckAt?.getTime() ?? 0) - Date.now() - 60_000)).toBeLessThan(5_000);
  });

  it('keeps the wish to ask now that came while a question was on its way', async () => {
    const payment = await storePayment(prisma);
    const asked = await prisma.openWork.findUniqueOrThrow({ where: { transactionId: payment.id } });
    await settleAll([said(payment, success({ amountCents: 5 }))]);
    const next = { rung: 1, pauseMs: 3_600_000, stillOpen: false, plannedFor: asked.nextCheckAt };
    await settleAll([said(payment, query(null, { next }))]);
    const work = await prisma.openWork.findUniqueOrThrow({ where: { transactionId: payment.id } });
    expect(work.nextCheckAt?.getTime()).toBeLessThan(Date.now() + 5_000);
  });

  it('does not believe a failure that is said twice before a rung has passed', async () => {
    const payment = await storePayment(prisma);
    const next = { rung: 1, pauseMs: 60_000, stillOpen: false, plannedFor: null };
    await settleAll([said(payment, query('1032', { next }))]);
    await settleAll([said(payment, query('1032', { next }))]);
    expect(await rowOf(prisma, payment)).toMatchObject({ status: 'AWAITING_PAYER' });
  });

  it('remembers between two queries what the first one said', async () => {
    const payment = await storePayment(prisma);
    await settleAll([said(payment, query('1032'))]);
    await settleAll([said(payment, query('1032'))]);
    expect(await rowOf(prisma, payment)).toMatchObject({ status: 'CANCELLED', settledRank: 4 });
  });

  it('asks M-Pesa now about a success with another amount', async () => {
    const payment = await storePayment(prisma);
    await settleAll([said(payment, success({ receipt: newReceipt(), amountCents: 1 }))]);
    const [due] = await prisma.$queryRaw<{ due: boolean }[]>`
        select next_check_at <= now() as due from open_work where transaction_id = ${payment.id}::uuid`;
    expect(due).toEqual({ due: true });
  });

  it('gives the receipt of a success with another amount to the query that says paid', async () => {
    const payment = await storePayment(prisma);
    const receipt = newReceipt();
    await settleAll([said(payment, success({ receipt, amountCents: 140_000 }))]);
    await settleAll([said(payment, query('0'))]);
    expect(await rowOf(prisma, payment)).toMatchObject({
      status: 'COMPLETED',
      mpesaReceiptNumber: receipt,
      paidAmountCents: 140_000,
      attention: ['AMOUNT_DIFFERS'],
    });
  });

  it('asks once more about a completed payment whose further success names a receipt of another', async () => {
    const [first, second] = await storePayments(prisma, [{}, {}]);
    if (!first || !second) throw new Error('Two payments were stored');
    const receipt = newReceipt();
    await settleAll([said(first, success({ receipt })), said(second, success({ receipt: newReceipt() }))]);
    await settleAll([said(second, success({ receipt }))]);
    expect(await prisma.openWork.count({ where: { transactionId: second.id } })).toBe(1);
    await settleAll([said(second, query('0'))]);
    expect(await prisma.openWork.count({ where: { transactionId: second.id } })).toBe(0);
  });

  describe('the same thing again', () => {
    it('is counted and not stored when its bytes are the same', async () => {
      const payment = await storePayment(prisma);
      const about = success({ receipt: newReceipt() });
      await settleAll([said(payment, about)]);
      const again = await settleAll([said(payment, about), said(payment, about)]);
      await settleAll([said(payment, about)]);
      expect(again).toMatchObject([{ verdict: 'DUPLICATE' }, { verdict: 'DUPLICATE' }]);
      expect(await evidenceOf(prisma, payment)).toMatchObject([{ verdict: 'APPLIED', repeats: 3 }]);
    });

    it('within one batch is counted', async () => {
      const payment = await storePayment(prisma);
      const about = success({ receipt: newReceipt() });
      const judgements = await settleAll([said(payment, about), said(payment, about)]);
      expect(judgements).toMatchObject([{ verdict: 'APPLIED' }, { verdict: 'DUPLICATE' }]);
      expect(await evidenceOf(prisma, payment)).toMatchObject([{ repeats: 1 }]);
    });

    it('in other bytes is stored as a duplicate', async () => {
      const payment = await storePayment(prisma);
      const about = success({ receipt: newReceipt() });
      await settleAll([said(payment, about)]);
      const judgements = await settleAll([said(payment, { ...about, resultDescription: 'In other words.' })]);
      expect(judgements).toMatchObject([{ verdict: 'DUPLICATE' }]);
      expect(await rowOf(prisma, payment)).toMatchObject({
        status: 'COMPLETED',
        sequence: 2,
        attention: [],
      });
    });

    it('with the same id has one effect', async () => {
      const payment = await storePayment(prisma);
      const posted = said(payment, success({ receipt: newReceipt() }));
      await settleAll([posted]);
      expect(await settleAll([posted])).toMatchObject([{ verdict: 'DUPLICATE' }]);
      expect(await evidenceOf(prisma, payment)).toMatchObject([{ verdict: 'APPLIED', repeats: 0 }]);
    });

    it('with the same id twice in one batch has one effect', async () => {
      const payment = await storePayment(prisma);
      const posted = said(payment, success({ receipt: newReceipt() }));
      await settleAll([posted, posted]);
      expect(await evidenceOf(prisma, payment)).toMatchObject([{ verdict: 'APPLIED' }]);
      expect(await rowOf(prisma, payment)).toMatchObject({ status: 'COMPLETED', sequence: 2 });
    });

    it('with the same id is not the second of two queries', async () => {
      const payment = await storePayment(prisma);
      const answer = said(payment, query('1032'));
      await settleAll([answer]);
      await settleAll([answer]);
      expect(await rowOf(prisma, payment)).toMatchObject({ status: 'AWAITING_PAYER' });
    });
  });

  describe('bodies of no use', () => {
    it('are kept, at most 20 of them, and counted beyond', async () => {
      const payment = await storePayment(prisma);
      for (let number = 0; number < 23; number += 1)
        await settleAll([useless(payment, `rubbish ${String(number)}`)]);
      const kept = await evidenceOf(prisma, payment);
      expect(kept).toHaveLength(20);
      expect(kept.every(({ verdict }) => verdict === 'INVALID')).toBe(true);
      expect(kept.reduce((sum, { repeats }) => sum + repeats, 0)).toBe(3);
    });

    it('do not keep a genuine success after them from settling', async () => {
      const payment = await storePayment(prisma);
      await settleAll(
        Array.from({ length: 30 }, (_, number) => useless(payment, `rubbish ${String(number)}`)),
      );
      const [judged] = await settleAll([said(payment, success({ receipt: newReceipt() }))]);
      expect(judged?.verdict).toBe('APPLIED');
      expect(await rowOf(prisma, payment)).toMatchObject({ status: 'COMPLETED' });
      expect(await evidenceOf(prisma, payment)).toHaveLength(21);
    });

    it('beyond 20 in one batch are counted on one that is kept', async () => {
      const payment = await storePayment(prisma);
      await settleAll(
        Array.from({ length: 25 }, (_, number) => useless(payment, `rubbish ${String(number)}`)),
      );
      const kept = await evidenceOf(prisma, payment);
      expect([kept.length, kept.reduce((sum, { repeats }) => sum + repeats, 0)]).toEqual([20, 5]);
    });
  });

  describe('a receipt', () => {
    it('belongs to the payment that named it first', async () => {
      const [first, second] = await storePayments(prisma, [{}, {}]);
      if (!first || !second) throw new Error('Two payments were stored');
      const receipt = newReceipt();
      await settleAll([said(first, success({ receipt }))]);
      const judgements = await settleAll([said(second, success({ receipt }))]);
      expect(judgements).toMatchObject([{ verdict: 'CONFLICT' }]);
      expect(await rowOf(prisma, second)).toMatchObject({
        status: 'AWAITING_PAYER',
        mpesaReceiptNumber: null,
        attention: ['EVIDENCE_CONTRADICTS'],
      });
    });

    it('that two payments name in one batch belongs to one of them', async () => {
      const payments = await storePayments(prisma, [{}, {}]);
      const receipt = newReceipt();
      const judgements = await settleAll(payments.map((payment) => said(payment, success({ receipt }))));
      expect(judgements.map(({ verdict }) => verdict)).toEqual(['APPLIED', 'CONFLICT']);
      expect(await prisma.receipt.count({ where: { receipt } })).toBe(1);
    });

    it('of a failure is nobody\u2019s', async () => {
      const payment = await storePayment(prisma);
      const receipt = newReceipt();
      await settleAll([said(payment, failure('1032', { receipt }))]);
      expect(await prisma.receipt.count({ where: { receipt } })).toBe(0);
    });

    it('of the second success of a payment paid twice belongs to it too', async () => {
      const payment = await storePayment(prisma);
      const receipts = [newReceipt(), newReceipt()];
      for (const receipt of receipts) await settleAll([said(payment, success({ receipt }))]);
      expect(
        await prisma.receipt.count({ where: { transactionId: payment.id, receipt: { in: receipts } } }),
      ).toBe(2);
      expect(await rowOf(prisma, payment)).toMatchObject({
        attention: ['PAID_TWICE'],
        mpesaReceiptNumber: receipts[0],
      });
    });
  });

  describe('a batch', () => {
    it('settles many payments at once', async () => {
      const payments = await storePayments(
        prisma,
        Array.from({ length: 120 }, () => ({})),
      );
      const judgements = await settleAll(
        payments.map((payment) => said(payment, success({ receipt: newReceipt() }))),
      );
      expect(new Set(judgements.map(({ verdict }) => verdict))).toEqual(new Set(['APPLIED']));
      const where = { id: { in: payments.map(({ id }) => id) }, status: 'COMPLETED' } as const;
      expect(await prisma.transaction.count({ where })).toBe(120);
    });

    it('ends as the same things one by one, the best evidence first', async () => {
      for (let seed = 0; seed < 12; seed += 1) {
        const random = createRandom(seed);
        const [batched, single] = await storePayments(prisma, [{}, {}]);
        if (!batched || !single) throw new Error('Two payments were stored');
        const kinds = Array.from({ length: 2 + random.below(5) }, () => random.pick(ranked));
        await settleAll(kinds.map(({ make }) => said(batched, make(`${String(seed)}A`))));
        for (const { make } of kinds.toSorted((a, b) => a.rank - b.rank))
          await settleAll([said(single, make(`${String(seed)}B`))]);
        expect(await essence(prisma, batched), `seed ${String(seed)}`).toEqual(await essence(prisma, single));
      }
    });

    it('ends with the same state and receipt whatever the order of one success and any failures', async () => {
      for (let seed = 0; seed < 12; seed += 1) {
        const random = createRandom(seed);
        const [payment] = await storePayments(prisma, [{}]);
        if (!payment) throw new Error('One payment was stored');
        const receipt = newReceipt();
        const things = random.shuffled([
          success({ receipt }),
          failure('1032'),
          failure('1037'),
          query('1'),
          query('4999'),
        ]);
        for (const about of things) await settleAll([said(payment, about)]);
        expect(await rowOf(prisma, payment)).toMatchObject({
          status: 'COMPLETED',
          mpesaReceiptNumber: receipt,
          failureReason: null,
        });
      }
    });

    it('that names a payment nobody has is stored as unmatched', async () => {
      const posted = said(
        { id: newId(receivedAt), checkoutRequestId: 'ws_CO_nobody' },
        success({ receipt: newReceipt() }),
      );
      expect(await settleAll([posted])).toMatchObject([{ verdict: 'UNMATCHED' }]);
      expect(await prisma.evidence.findUnique({ where: { id: posted.id } })).toMatchObject({
        transactionId: null,
      });
    });
  });

  describe('a callback on the shared path', () => {
    it('settles the payment that its CheckoutRequestID names', async () => {
      const payment = await storePayment(prisma);
      expect(await settleAll([atSharedPath(payment.checkoutRequestId ?? '')])).toMatchObject([
        { verdict: 'APPLIED' },
      ]);
      expect(await rowOf(prisma, payment)).toMatchObject({ status: 'COMPLETED' });
    });

    it('of an unknown payment is stored, and settles it when its id becomes known', async () => {
      const payment = await storePayment(prisma, { checkoutRequestId: null, status: 'REQUESTED' });
      const name = `ws_CO_late_${payment.id}`;
      expect(await settleAll([atSharedPath(name)])).toMatchObject([{ verdict: 'UNMATCHED' }]);
      const spool = () => Promise.reject(new Error('This test has no spool'));
      const settling = { ...opened(), ...silent, logger: testLogger };
      const writes = createPaymentWrites({ ...settling, firstCheckMs: 60_000 });
      const deps = { ...settling, clock: systemClock, writes, spool };
      const { receivedAt: _receivedAt, ...answer } = accepted({ checkoutRequestId: name });
      await settleAnswer(deps, payment.id, answer);
      expect(await rowOf(prisma, payment)).toMatchObject({ status: 'COMPLETED', checkoutRequestId: name });
      expect(await evidenceOf(prisma, payment)).toMatchObject([{ verdict: 'APPLIED', attemptNumber: 1 }]);
      expect(await prisma.unmatchedEvidence.count({ where: { checkoutRequestId: name } })).toBe(0);
    });

    it('with an id that Daraja’s answer does not confirm leaves the request to be known by the answer’s', async () => {
      const payment = await storePayment(prisma, { checkoutRequestId: null, status: 'REQUESTED' });
      const [posted, answered] = [`ws_CO_posted_${payment.id}`, `ws_CO_answered_${payment.id}`];
      await settleAll([said(payment, success({ checkoutRequestId: posted, amountCents: 1 }))]);
      await settleAll([said(payment, accepted({ checkoutRequestId: answered }))]);
      const judged = await settleAll([said(payment, failure('1037', { checkoutRequestId: answered }))]);
      expect(judged).toMatchObject([{ verdict: 'APPLIED' }]);
      expect(await rowOf(prisma, payment)).toMatchObject({ status: 'EXPIRED', checkoutRequestId: answered });
    });

    it('that was stored in the moment in which its id became known is found by the sweep', async () => {
      const payment = await storePayment(prisma, { checkoutRequestId: null });
      const name = `ws_CO_swept_${payment.id}`;
      await settleAll([atSharedPath(name)]);
      await prisma.attempt.updateMany({
        where: { transactionId: payment.id },
        data: { checkoutRequestId: name },
      });
      await sweepUnmatched({ ...opened(), ...silent });
      expect(await rowOf(prisma, payment)).toMatchObject({ status: 'COMPLETED' });
    });

    it('that came twice before its payment was known is matched once, and nothing stays unmatched', async () => {
      const payment = await storePayment(prisma, { checkoutRequestId: null });
      const name = `ws_CO_twice_${payment.id}`;
      const posted = atSharedPath(name);
      await settleAll([posted]);
      await settleAll([{ ...posted, id: newId(receivedAt) }]);
      await prisma.attempt.updateMany({
        where: { transactionId: payment.id },
        data: { checkoutRequestId: name },
      });
      await matchUnmatched({ ...opened(), ...silent }, name);
      expect(await evidenceOf(prisma, payment)).toMatchObject([{ verdict: 'APPLIED', repeats: 1 }]);
      expect(await prisma.unmatchedEvidence.count({ where: { checkoutRequestId: name } })).toBe(0);
    });

    it('beyond the 20 bodies that are kept does not stay unmatched', async () => {
      const payment = await storePayment(prisma, { checkoutRequestId: null });
      const name = `ws_CO_many_${payment.id}`;
      for (let number = 0; number < 22; number += 1) {
        await settleAll([
          atSharedPath(name, {
            resultCode: '2008',
            resultDescription: String(number),
            receipt: `R${String(number)}`,
          }),
        ]);
      }
      await prisma.attempt.updateMany({
        where: { transactionId: payment.id },
        data: { checkoutRequestId: name },
      });
      await sweepUnmatched({ ...opened(), ...silent });
      expect(await prisma.unmatchedEvidence.count({ where: { checkoutRequestId: name } })).toBe(0);
    });

    it('that names nothing is stored as invalid', async () => {
      const posted: Submission = { ...bodyOf('what?'), kind: 'nameless', reason: 'The body is not JSON.' };
      expect(await settleAll([posted])).toMatchObject([{ verdict: 'INVALID' }]);
      expect(await prisma.evidence.findUnique({ where: { id: posted.id } })).toMatchObject({
        transactionId: null,
      });
    });
  });

  describe('the hint to watchers', () => {
    it('is given once for a batch, after the commit, and names the payments that changed', async () => {
      const [moved, untouched] = await storePayments(prisma, [{}, {}]);
      if (!moved || !untouched) throw new Error('Two payments were stored');
      const seen: Promise<string>[] = [];
      const announce = (ids: readonly string[]) => {
        expect(ids).toEqual([moved.id]);
        seen.push(rowOf(prisma, moved).then(({ status }) => status));
      };
      await settle({ ...opened(), announce, logger: testLogger }, [
        said(moved, success({ receipt: newReceipt() })),
        useless(untouched, 'rubbish'),
      ]);
      expect(await Promise.all(seen)).toEqual(['COMPLETED']);
    });

    it('is not given when nothing changed', async () => {
      const payment = await storePayment(prisma);
      const { hints, announce } = collectHints();
      await settle({ ...opened(), announce, logger: testLogger }, [useless(payment, 'rubbish')]);
      expect(hints).toEqual([]);
    });

    it('is not given when the database refuses the batch, which then leaves nothing behind', async () => {
      const [good, bad] = await storePayments(prisma, [{}, {}]);
      if (!good || !bad) throw new Error('Two payments were stored');
      const { hints, announce } = collectHints();
      const tooLate = new Date(Number.NaN);
      const batch = [
        said(good, success({ receipt: newReceipt() })),
        { ...said(bad, success({ receipt: newReceipt() })), receivedAt: tooLate },
      ];
      await expect(settle({ ...opened(), announce, logger: testLogger }, batch)).rejects.toThrow();
      expect(hints).toEqual([]);
      expect(await rowOf(prisma, good)).toMatchObject({ status: 'AWAITING_PAYER' });
      expect(await evidenceOf(prisma, good)).toEqual([]);
    });
  });

  it('never sets the time of the last change back', async () => {
    const payment = await storePayment(prisma, { updatedAt: new Date('2026-11-24T08:00:00Z') });
    await settleAll([said(payment, success({ receipt: newReceipt() }))]);
    expect((await rowOf(prisma, payment)).updatedAt).toEqual(new Date('2026-11-24T08:00:00Z'));
  });

  it('notes on the attempt what Daraja answered, and ends the right to push', async () => {
    const payment = await storePayment(prisma, { status: 'REQUESTED', checkoutRequestId: null });
    const lease = { leaseHolder: 'me', leaseExpiresAt: new Date(Date.now() + 30_000) };
    await prisma.openWork.updateMany({ where: { transactionId: payment.id }, data: lease });
    await settleAll([said(payment, refused())]);
    const [attempt] = await prisma.attempt.findMany({ where: { transactionId: payment.id } });
    expect(attempt).toMatchObject({ dispatchedAt: null, errorCode: '400.002.02', answeredAt: receivedAt });
    expect(await prisma.openWork.count({ where: { transactionId: payment.id } })).toBe(0);
  });
});

type Ranked = { rank: number; make: (salt: string) => Said };

/** `salt` keeps the receipts of two payments apart. */
const ranked: readonly Ranked[] = [
  { rank: 1, make: (salt) => success({ receipt: `R1${salt}` }) },
  { rank: 1, make: (salt) => success({ receipt: `R2${salt}` }) },
  { rank: 1.5, make: (salt) => success({ receipt: `R3${salt}`, amountCents: 100 }) },
  { rank: 2, make: () => query('0') },
  { rank: 3, make: () => failure('1032') },
  { rank: 3, make: () => failure('1037') },
  { rank: 3, make: () => failure('2008') },
];

/** What a payment has come to, without what differs between any two payments. */
async function essence(prisma: PrismaClient, payment: StoredPayment) {
  const {
    id: _id,
    idempotencyKey: _key,
    checkoutRequestId: _name,
    mpesaReceiptNumber,
    ...row
  } = await rowOf(prisma, payment);
  const events = await prisma.transactionEvent.findMany({
    where: { transactionId: payment.id },
    orderBy: { sequence: 'asc' },
  });
  const kept = await evidenceOf(prisma, payment);
  return {
    ...row,
    attention: row.attention.toSorted(),
    receipt: mpesaReceiptNumber?.slice(0, 2),
    events: events.map(({ sequence, status, message }) => ({ sequence, status, message })),
    verdicts: kept
      .map(
        ({ verdict, resultCode, receipt, repeats }) =>
          `${verdict} ${String(resultCode)} ${receipt?.slice(0, 2) ?? ''} ${String(repeats)}`,
      )
      .sort(),
    work: await prisma.openWork.count({ where: { transactionId: payment.id } }),
  };
}

describe.skipIf(!postgresql.available)(
  'four processes that settle the same payments at once (postgresql)',
  () => {
    it('wait for each other, never deadlock, and lose nothing', async () => {
      await using database = await postgresql.open();
      const { prisma } = database;
      const payments = await storePayments(
        prisma,
        Array.from({ length: 30 }, () => ({})),
      );
      const receipts = payments.map(newReceipt);
      const writers = [1, 2, 3, 4].map((seed) => write(database, createRandom(seed), payments, receipts));
      const judged = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0);
      const rows = await prisma.transaction.findMany({ include: { evidence: true, events: true } });
      expect(rows.every(({ status }) => status === 'COMPLETED')).toBe(true);
      expect(rows.map(({ mpesaReceiptNumber }) => mpesaReceiptNumber).sort()).toEqual(receipts.toSorted());
      const stored = rows.flatMap(({ evidence }) => evidence.map(({ repeats }) => 1 + repeats));
      expect(stored.reduce((sum, times) => sum + times, 0)).toBe(judged);
      for (const { sequence, events } of rows) expect(events).toHaveLength(sequence);
    });
  },
);

/** Six batches, each with a success and a failure for every payment, in an order of its own; answers how many. */
async function write(
  database: DatabaseAccess,
  random: Random,
  payments: readonly StoredPayment[],
  receipts: readonly string[],
): Promise<number> {
  let judged = 0;
  for (let batch = 0; batch < 6; batch += 1) {
    const things = payments.flatMap((payment, index) => [
      said(payment, success({ receipt: receipts[index] ?? null })),
      said(payment, failure('1032')),
    ]);
    judged += (await settle({ ...database, ...silent }, random.shuffled(things))).length;
  }
  return judged;
}
