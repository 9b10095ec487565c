import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { storePayment } from '../support/payments.ts';
import { simulatedPayment, type SimulatedPayment } from '../support/simulator.ts';
import { reservedPayer, rowId, TestApp } from '../support/test-app.ts';
import { databases } from '../support/test-database.ts';

type Said = {
  code?: number | string;
  receipt?: string | null;
  amount?: number;
  checkoutRequestId?: string | null;
};

/** What Daraja posts, for a payment of the simulator. */
function bodyOf(
  payment: Pick<SimulatedPayment, 'CheckoutRequestID' | 'MerchantRequestID'>,
  said: Said,
): string {
  const { code = 0, receipt = null, amount = 10, checkoutRequestId = payment.CheckoutRequestID } = said;
  const items = [
    { Name: 'Amount', Value: amount },
    ...(receipt === null ? [] : [{ Name: 'MpesaReceiptNumber', Value: receipt }]),
    { Name: 'TransactionDate', Value: 20261124102115 },
    { Name: 'PhoneNumber', Value: 254700000028 },
  ];
  return JSON.stringify({
    Body: {
      stkCallback: {
        MerchantRequestID: payment.MerchantRequestID,
        ...(checkoutRequestId === null ? {} : { CheckoutRequestID: checkoutRequestId }),
        ResultCode: code,
        ResultDesc:
          code === 0 ? 'The service request is processed successfully.' : 'Request cancelled by user',
        ...(code === 0 ? { CallbackMetadata: { Item: items } } : {}),
      },
    },
  });
}

type Answer = { status: number; body: { ResultCode?: number; ResultDesc?: string } };

async function post(
  url: string,
  body: BodyInit | null,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const success = { status: 200, body: { ResultCode: 0, ResultDesc: 'Success' } };
const alreadyProcessed = { status: 200, body: { ResultCode: 0, ResultDesc: 'Already processed' } };

let receipts = 0;
const newReceipt = (): string => `TEST${String((receipts += 1)).padStart(6, '0')}`;

type Line = { sequence: number; status: string; evidence: string };

/** Without gaps, ending where the payment is, and COMPLETED entered at most once and never left. */
function expectSoundTimeline(payment: Record<string, unknown>): void {
  const timeline = payment['timeline'] as Line[];
  expect(timeline.map(({ sequence }) => sequence)).toEqual(timeline.map((_, index) => index + 1));
  expect(timeline.at(-1)).toMatchObject({ sequence: payment['sequence'], status: payment['status'] });
  const statuses = timeline.map(({ status }) => status);
  const completedAt = statuses.indexOf('COMPLETED');
  if (completedAt >= 0) expect(new Set(statuses.slice(completedAt))).toEqual(new Set(['COMPLETED']));
}

const rounds = Array.from({ length: 20 }, (_, round) => round + 1);

describe.each(databases.filter(({ available }) => available))(
  'callbacks on the $name database',
  (database) => {
    let test: TestApp;
    beforeAll(async () => {
      test = await TestApp.start({
        databases: database,
        // What callbacks do is the matter here: no query may settle anything beside them.
        config: { ladderMs: [600_000] },
      });
    });
    afterAll(() => test[Symbol.asyncDispose]());

    /** A payment whose payer waits, and what Daraja knows of it. */
    async function make(): Promise<SimulatedPayment & { id: string }> {
      const id = await test.pay({ phoneNumber: reservedPayer(28) });
      const { checkoutRequestId } = await test.read(id);
      return { id, ...(await simulatedPayment(test, checkoutRequestId)) };
    }

    const evidenceOf = (id: string) =>
      test.prisma.evidence.findMany({ where: { transactionId: rowId(id) }, orderBy: { id: 'asc' } });

    describe.each([
      ['failure first', (failure: string, paid: string) => [failure, paid]],
      ['success first', (failure: string, paid: string) => [paid, failure]],
    ])('a failure and a success at the same instant, %s,', (_, order) => {
      it.each(rounds)('complete the payment, once (round %i)', async () => {
        const payment = await make();
        const receipt = newReceipt();
        const bodies = order(bodyOf(payment, { code: 1032 }), bodyOf(payment, { receipt }));
        const answers = await Promise.all(bodies.map((body) => post(payment.callbackUrl, body)));
        expect(answers).toEqual([success, success]);

        const settled = await test.read(payment.id);
        expect(settled).toMatchObject({
          status: 'COMPLETED',
          mpesaReceiptNumber: receipt,
          resultCode: '0',
          failureReason: null,
          isFinal: true,
        });
        expectSoundTimeline(settled);
        const timeline = settled['timeline'] as Line[];
        expect(timeline.filter(({ status }) => status === 'COMPLETED')).toHaveLength(1);
        // Evidence that moves the payment contradicts nothing; a failure that comes after the success does (rule 3).
        const failedFirst = timeline.some(({ status }) => status === 'CANCELLED');
        expect(settled['attention']).toEqual(failedFirst ? [] : ['EVIDENCE_CONTRADICTS']);
        const verdicts = (await evidenceOf(payment.id)).map(({ resultCode, verdict }) => ({
          resultCode,
          verdict,
        }));
        expect(verdicts).toHaveLength(2);
        expect(verdicts).toEqual(
          expect.arrayContaining([
            { resultCode: '0', verdict: 'APPLIED' },
            { resultCode: '1032', verdict: failedFirst ? 'APPLIED' : 'CONFLICT' },
          ]),
        );
      });
    });

    it('a failure and then a success complete the payment without attention', async () => {
      const payment = await make();
      await post(payment.callbackUrl, bodyOf(payment, { code: 1032 }));
      expect(await test.read(payment.id)).toMatchObject({ status: 'CANCELLED', attention: [] });
      await post(payment.callbackUrl, bodyOf(payment, { receipt: newReceipt() }));
      const settled = await test.read(payment.id);
      expect(settled).toMatchObject({ status: 'COMPLETED', attention: [], failureReason: null });
      expectSoundTimeline(settled);
    });

    it('a success and then a failure leave the payment completed, and raise attention', async () => {
      const payment = await make();
      await post(payment.callbackUrl, bodyOf(payment, { receipt: newReceipt() }));
      await post(payment.callbackUrl, bodyOf(payment, { code: 1032 }));
      const settled = await test.read(payment.id);
      expect(settled).toMatchObject({
        status: 'COMPLETED',
        sequence: 3,
        attention: ['EVIDENCE_CONTRADICTS'],
      });
      expectSoundTimeline(settled);
    });

    describe.each([
      ['one way', (a: string, b: string) => [a, b]],
      ['the other way', (a: string, b: string) => [b, a]],
    ])('two successes with different receipts at the same instant, %s round,', (_, order) => {
      it.each(rounds)('complete the payment once and raise PAID_TWICE (round %i)', async () => {
        const payment = await make();
        const [a, b] = [newReceipt(), newReceipt()];
        const bodies = order(bodyOf(payment, { receipt: a }), bodyOf(payment, { receipt: b }));
        const answers = await Promise.all(bodies.map((body) => post(payment.callbackUrl, body)));
        expect(answers).toEqual([success, success]);
        const settled = await test.read(payment.id);
        expect(settled).toMatchObject({ status: 'COMPLETED', sequence: 3, attention: ['PAID_TWICE'] });
        expect([a, b]).toContain(settled['mpesaReceiptNumber']);
        expectSoundTimeline(settled);
        expect((await evidenceOf(payment.id)).map(({ verdict }) => verdict).sort()).toEqual([
          'APPLIED',
          'CONFLICT',
        ]);
        // Both belong to this payment, so that whoever looks for either finds it.
        const held = await test.prisma.receipt.findMany({ where: { transactionId: rowId(payment.id) } });
        expect(held.map(({ receipt }) => receipt).sort()).toEqual([a, b].sort());
      });
    });

    it('50 identical ones at once settle once: one is a success, the others were processed already', async () => {
      const payment = await make();
      const body = bodyOf(payment, { receipt: newReceipt() });
      const answers = await Promise.all(Array.from({ length: 50 }, () => post(payment.callbackUrl, body)));
      const count = (expected: Answer) =>
        answers.filter((answer) => JSON.stringify(answer) === JSON.stringify(expected)).length;
      expect({ success: count(success), repeated: count(alreadyProcessed) }).toEqual({
        success: 1,
        repeated: 49,
      });
      const settled = await test.read(payment.id);
      expect(settled).toMatchObject({ status: 'COMPLETED', sequence: 3, attention: [] });
      const evidence = await evidenceOf(payment.id);
      expect(evidence).toHaveLength(1);
      expect(evidence[0]).toMatchObject({ verdict: 'APPLIED', repeats: 49 });
      expect(await post(payment.callbackUrl, body)).toEqual(alreadyProcessed);
    });

    it('many payments, each told of a failure and a success among all the others, all complete', async () => {
      const payments = await Promise.all(Array.from({ length: 20 }, () => make()));
      const posts = payments.flatMap((payment) => [
        () => post(payment.callbackUrl, bodyOf(payment, { code: 1032 })),
        () => post(payment.callbackUrl, bodyOf(payment, { receipt: newReceipt() })),
      ]);
      const shuffled = posts.toSorted(() => Math.random() - 0.5);
      const answers = await Promise.all(shuffled.map((send) => send()));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      for (const { id } of payments) {
        const settled = await test.read(id);
        expect(settled['status']).toBe('COMPLETED');
        expectSoundTimeline(settled);
      }
    });

    it('one with the receipt of another payment is kept as a conflict and settles nothing', async () => {
      const [paid, other] = [await make(), await make()];
      const receipt = newReceipt();
      await post(paid.callbackUrl, bodyOf(paid, { receipt }));
      expect(await post(other.callbackUrl, bodyOf(other, { receipt }))).toEqual(success);
      const settled = await test.read(other.id);
      expect(settled).toMatchObject({
        status: 'AWAITING_PAYER',
        sequence: 2,
        mpesaReceiptNumber: null,
        attention: ['EVIDENCE_CONTRADICTS'],
      });
      expect(await evidenceOf(other.id)).toMatchObject([{ verdict: 'CONFLICT', receipt }]);
      expect(await test.prisma.receipt.findUnique({ where: { receipt } })).toMatchObject({
        transactionId: rowId(paid.id),
      });
      // Its own word still counts.
      await post(other.callbackUrl, bodyOf(other, { receipt: newReceipt() }));
      expect(await test.read(other.id)).toMatchObject({ status: 'COMPLETED' });
    });

    it('of one receipt for two payments at once settle one of them', async () => {
      const payments = [await make(), await make()];
      const receipt = newReceipt();
      await Promise.all(payments.map((payment) => post(payment.callbackUrl, bodyOf(payment, { receipt }))));
      const settled = await Promise.all(payments.map(({ id }) => test.read(id)));
      expect(settled.map(({ status }) => status).sort()).toEqual(['AWAITING_PAYER', 'COMPLETED']);
    });

    describe('to a forged address', () => {
      it('are answered 404 and change nothing, whichever digit of the token is another', async () => {
        const payment = await make();
        const body = bodyOf(payment, { receipt: newReceipt() });
        const token = payment.callbackUrl.split('/').at(-1) ?? '';
        expect(token).toMatch(/^[0-9a-f]{68}$/);
        const before = await test.prisma.evidence.count();
        const forged = Array.from(token, (digit, at) => {
          const flipped = (Number.parseInt(digit, 16) ^ 1).toString(16);
          return `${token.slice(0, at)}${flipped}${token.slice(at + 1)}`;
        });
        for (const other of [
          ...forged,
          token.toUpperCase(),
          `${token}00`,
          token.slice(0, -2),
          '',
          '%00',
          'x',
        ]) {
          const { status } = await post(payment.callbackUrl.replace(token, other), body);
          expect(status).toBe(404);
        }
        expect(await test.prisma.evidence.count()).toBe(before);
        expect(await test.read(payment.id)).toMatchObject({ status: 'AWAITING_PAYER', sequence: 2 });
      });

      it('of another attempt, which nobody made, are answered 404', async () => {
        const payment = await make();
        const token = payment.callbackUrl.split('/').at(-1) ?? '';
        const second = `${token.slice(0, 32)}0002${token.slice(36)}`;
        const { status } = await post(payment.callbackUrl.replace(token, second), bodyOf(payment, {}));
        expect(status).toBe(404);
      });

      it('are not taken by GET', async () => {
        const payment = await make();
        expect((await fetch(payment.callbackUrl)).status).toBe(404);
        expect(await evidenceOf(payment.id)).toEqual([]);
      });
    });

    describe('on the shared path', () => {
      const shared = () => `${test.url}/mpesa/callback`;

      it('settle a payment by its CheckoutRequestID, from this machine, with the simulator', async () => {
        const payment = await make();
        const receipt = newReceipt();
        const body = bodyOf(payment, { receipt });
        expect(await post(shared(), body)).toEqual(success);
        expect(await test.read(payment.id)).toMatchObject({
          status: 'COMPLETED',
          mpesaReceiptNumber: receipt,
        });
        expect(await post(shared(), body)).toEqual(alreadyProcessed);
        expect(await post(payment.callbackUrl, body)).toEqual(alreadyProcessed);
      });

      it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
        'with %s are refused, are not stored, and bring the next check forward once',
        async (header) => {
          const payment = await make();
          const where = { transactionId: rowId(payment.id) };
          const before = await test.prisma.evidence.count();
          const planned = await test.prisma.openWork.findUniqueOrThrow({ where });
          expect(planned.nextCheckAt?.getTime()).toBeGreaterThan(Date.now() + 60_000);
          const body = bodyOf(payment, { receipt: newReceipt() });
          const send = () => post(shared(), body, { [header]: '203.0.113.7' });

          expect((await send()).status).toBe(403);
          expect(await test.prisma.evidence.count()).toBe(before);
          expect((await test.read(payment.id))['status']).toBe('AWAITING_PAYER');
          const hastened = await test.prisma.openWork.findUniqueOrThrow({ where });
          expect(hastened.hastenedAt).not.toBeNull();
          // M-Pesa was asked, said that the payer is still awaited, and will be asked again in its time.
          await vi.waitFor(async () => {
            const work = await test.prisma.openWork.findUniqueOrThrow({ where });
            expect(work.looks).toBe(1);
            expect(work.nextCheckAt?.getTime()).toBeGreaterThan(Date.now() + 60_000);
          }, 5_000);

          const asked = await test.prisma.openWork.findUniqueOrThrow({ where });
          expect((await send()).status).toBe(403);
          expect(await test.prisma.openWork.findUniqueOrThrow({ where })).toEqual(asked);
          expect(await test.prisma.evidence.count()).toBe(before);
        },
      );

      it('are kept until their CheckoutRequestID is known, and settle then', async () => {
        // Its push was sent, and the answer that would name it is not here yet.
        const checkoutRequestId = `ws_CO_late_${newId(new Date())}`;
        const { id } = await storePayment(test.prisma, { checkoutRequestId: null, amountCents: 1_000 });
        const body = bodyOf(
          { CheckoutRequestID: checkoutRequestId, MerchantRequestID: 'm-1' },
          { receipt: newReceipt() },
        );
        expect(await post(shared(), body)).toEqual(success);
        const where = { checkoutRequestId };
        expect(await test.prisma.evidence.findFirst({ where })).toMatchObject({
          verdict: 'UNMATCHED',
          transactionId: null,
        });
        expect(await test.prisma.unmatchedEvidence.count({ where })).toBe(1);

        await test.prisma.attempt.updateMany({ where: { transactionId: id }, data: { checkoutRequestId } });
        await vi.waitFor(async () => {
          expect(await test.prisma.transaction.findUnique({ where: { id } })).toMatchObject({
            status: 'COMPLETED',
          });
        }, 20_000);
        expect(await test.prisma.evidence.findFirst({ where })).toMatchObject({
          verdict: 'APPLIED',
          transactionId: id,
        });
        expect(await test.prisma.unmatchedEvidence.count({ where })).toBe(0);
      });

      it('that name no payment are kept as INVALID', async () => {
        const payment = await make();
        const before = await test.prisma.evidence.count({
          where: { verdict: 'INVALID', transactionId: null },
        });
        expect(await post(shared(), bodyOf(payment, { checkoutRequestId: null }))).toEqual(success);
        expect(await test.prisma.evidence.count({ where: { verdict: 'INVALID', transactionId: null } })).toBe(
          before + 1,
        );
        expect((await test.read(payment.id))['status']).toBe('AWAITING_PAYER');
      });

      it('have a health check', async () => {
        const response = await fetch(`${shared()}/health`);
        expect(response.status).toBe(200);
        const health = (await response.json()) as { timestamp: string };
        expect(health).toEqual({
          status: 'healthy',
          endpoint: '/mpesa/callback',
          timestamp: expect.any(String),
        });
        expect(Math.abs(Date.parse(health.timestamp) - Date.now())).toBeLessThan(60_000);
      });
    });

    describe('whose body is odd', () => {
      const odd: [string, BodyInit | null, Record<string, string>?][] = [
        ['empty', null],
        ['blank', ' \n'],
        ['of NUL', '\0\0'],
        ['broken JSON', '{"Body":{"stkCallback":'],
        ['no object', '"text"'],
        ['null', 'null'],
        ['a list', '[]'],
        ['without Body', '{}'],
        ['with Body null', '{"Body":null}'],
        ['with a list for stkCallback', '{"Body":{"stkCallback":[]}}'],
        ['without a code', '{"Body":{"stkCallback":{"CheckoutRequestID":"x"}}}'],
        ['with a code that is null', '{"Body":{"stkCallback":{"ResultCode":null}}}'],
        ['with a code that is an object', '{"Body":{"stkCallback":{"ResultCode":{"a":0}}}}'],
        ['with a code that is true', '{"Body":{"stkCallback":{"ResultCode":true}}}'],
        ['with a code that is a fraction', '{"Body":{"stkCallback":{"ResultCode":0.5}}}'],
        ['with a prototype', '{"__proto__":{"Body":{"stkCallback":{"ResultCode":0}}}}'],
        ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00, 0x80])],
        ['UTF-16', new Uint8Array(Buffer.from('{"Body":{}}', 'utf16le'))],
        ['nested without end', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
        ['a form', 'ResultCode=0', { 'content-type': 'application/x-www-form-urlencoded' }],
        ['text that says it is multipart', 'x', { 'content-type': 'multipart/form-data' }],
        ['of no real type', '{}', { 'content-type': '???' }],
        ['64 KB', 'x'.repeat(64 * 1024)],
      ];

      it.each(odd)('(%s) are kept, answered with success, and settle nothing', async (_, body, headers) => {
        const payment = await make();
        expect(await post(payment.callbackUrl, body, headers)).toEqual(success);
        expect(await evidenceOf(payment.id)).toMatchObject([
          { verdict: 'INVALID', transactionId: rowId(payment.id) },
        ]);
        expect(await test.read(payment.id)).toMatchObject({
          status: 'AWAITING_PAYER',
          sequence: 2,
          attention: [],
        });
        await post(payment.callbackUrl, bodyOf(payment, { receipt: newReceipt() }));
        expect((await test.read(payment.id))['status']).toBe('COMPLETED');
      });

      it.each(['text/plain', 'text/xml', 'application/octet-stream', 'application/x-www-form-urlencoded'])(
        'by its type alone (%s) settle like any other',
        async (type) => {
          const payment = await make();
          const body = bodyOf(payment, { receipt: newReceipt() });
          expect(await post(payment.callbackUrl, body, { 'content-type': type })).toEqual(success);
          expect((await test.read(payment.id))['status']).toBe('COMPLETED');
        },
      );

      it('by having no content type settle like any other', async () => {
        const payment = await make();
        const body = new TextEncoder().encode(bodyOf(payment, { receipt: newReceipt() }));
        const response = await fetch(payment.callbackUrl, { method: 'POST', body });
        expect(response.status).toBe(200);
        expect((await test.read(payment.id))['status']).toBe('COMPLETED');
      });

      it('by being larger than 64 KB are answered 413 and not stored', async () => {
        const payment = await make();
        const body = 'x'.repeat(64 * 1024 + 1);
        expect((await post(payment.callbackUrl, body)).status).toBe(413);
        expect((await post(`${test.url}/mpesa/callback`, body)).status).toBe(413);
        expect(await evidenceOf(payment.id)).toEqual([]);
      });

      it.each([
        ['a text code for success', '0', 'COMPLETED'],
        ['a text code for failure', '1032', 'CANCELLED'],
        ['a code of letters', 'E3008', 'FAILED'],
      ])('by %s mean what they say', async (_, code, status) => {
        const payment = await make();
        const body = bodyOf(payment, { receipt: newReceipt() }).replace(
          '"ResultCode":0',
          `"ResultCode":"${code}"`,
        );
        expect(await post(payment.callbackUrl, body)).toEqual(success);
        expect(await test.read(payment.id)).toMatchObject({ status, resultCode: code });
      });

      it.each(['4999', '77', 'X1', '00', '-1', 'toString'])(
        'by a code that is on no list (%s) settle nothing',
        async (code) => {
          const payment = await make();
          const body = bodyOf(payment, {}).replace('"ResultCode":0', `"ResultCode":"${code}"`);
          expect(await post(payment.callbackUrl, body)).toEqual(success);
          expect(await test.read(payment.id)).toMatchObject({ status: 'AWAITING_PAYER', sequence: 2 });
          expect(await evidenceOf(payment.id)).toMatchObject([{ verdict: 'CONFLICT' }]);
        },
      );

      it('are kept 20 times at most for one payment; more are counted', async () => {
        const payment = await make();
        await Promise.all(
          Array.from({ length: 60 }, (_, index) => post(payment.callbackUrl, `no JSON ${String(index)}`)),
        );
        const evidence = await evidenceOf(payment.id);
        expect(evidence).toHaveLength(20);
        expect(evidence.reduce((sum, { repeats }) => sum + repeats, 0)).toBe(40);
      });
    });
  },
);
