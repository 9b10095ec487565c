import { beforeAll, describe, expect, it } from 'vitest';
import { ensureFixedClients } from '../../src/access/fixed-clients.ts';
import type { PrismaClient } from '../../src/database/database.ts';
import type { Sql } from '../../src/database/sql.ts';
import { DarajaError } from '../../src/daraja/daraja-error.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createTaskSet } from '../../src/lib/task-set.ts';
import { expireLeases } from '../../src/transactions/expire-leases.ts';
import type { PaymentInput } from '../../src/transactions/request-rules.ts';
import { requestPayment, type RequestPaymentDeps } from '../../src/transactions/request-payment.ts';
import { findPage } from '../../src/transactions/find.ts';
import { settle } from '../../src/transactions/settle/settle.ts';
import { createPaymentWrites } from '../../src/transactions/writes/payment-writes.ts';
import { acceptance, createFakeDaraja, refusal, type FakeDaraja } from '../support/fake-daraja.ts';
import { clientId } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';
import { success } from './support/evidence.ts';
import { testLogger } from '../support/log-record.ts';
import { findDeps } from '../support/find-deps.ts';

let keys = 0;

function input(changes: Partial<PaymentInput> = {}): PaymentInput {
  keys += 1;
  const idempotencyKey = `key-${String(keys)}`;
  return { phoneNumber: '0712345678', amount: 1500, accountReference: 'ORDER-1', idempotencyKey, ...changes };
}

onEachDatabase('a requested payment', (opened) => {
  beforeAll(async () => {
    await ensureFixedClients(opened().prisma);
  });

  function depsWith(daraja: FakeDaraja, changes: Partial<RequestPaymentDeps> = {}): RequestPaymentDeps {
    const announce = () => undefined;
    const settling = { ...opened(), announce, logger: testLogger, ...changes };
    return {
      ...opened(),
      clock: systemClock,
      logger: testLogger,
      daraja,
      callbackUrl: (transactionId, attempt) => `https://shop.example/cb/${transactionId}/${String(attempt)}`,
      writes: createPaymentWrites({ ...settling, firstCheckMs: 60_000 }),
      resendPausesMs: [1, 1, 1],
      announce,
      pushes: createTaskSet((error) => {
        throw error;
      }),
      spool: () => Promise.reject(new Error('This test has no spool')),
      merchant: { businessShortCode: '174379', partyB: '174379' },
      allowReservedPayers: false,
      promptGuard: null,
      ...changes,
    };
  }

  /** Requests a payment and waits for Daraja's answer. */
  async function request(daraja: FakeDaraja, changes: Partial<RequestPaymentDeps> = {}) {
    const requested = await requestPayment(depsWith(daraja, changes), clientId, input());
    if (requested.outcome !== 'requested') throw new Error(`It was ${requested.outcome}`);
    await requested.answered;
    return load(requested.transactionId);
  }

  async function load(id: string) {
    const { attempts, events, ...row } = await opened().prisma.transaction.findUniqueOrThrow({
      where: { id },
      include: { attempts: { orderBy: { number: 'asc' } }, events: { orderBy: { sequence: 'asc' } } },
    });
    return { row, attempts, statuses: events.map(({ status }) => status) };
  }

  async function loseLeases(): Promise<void> {
    await opened().prisma.$executeRaw`update open_work set lease_expires_at = now() - interval '1 s'`;
  }

  async function workOf(transactionId: string) {
    const select = { leaseHolder: true, leaseExpiresAt: true, nextCheckAt: true };
    return opened().prisma.openWork.findUnique({ where: { transactionId }, select });
  }

  it('that Daraja accepts awaits its payer', async () => {
    const { row, attempts, statuses } = await request(createFakeDaraja());
    expect(statuses).toEqual(['REQUESTED', 'AWAITING_PAYER']);
    expect(row).toMatchObject({
      amountCents: 150_000,
      phoneNumber: '254712345678',
      description: 'ORDER-1',
    });
    expect(attempts).toMatchObject([{ number: 1, checkoutRequestId: row.checkoutRequestId }]);
    expect(await workOf(row.id)).toMatchObject({ leaseHolder: null, leaseExpiresAt: null });
  });

  it('that was stored, though the answer that said so was lost, is pushed all the same, once', async () => {
    const daraja = createFakeDaraja();
    const { writes } = depsWith(daraja);
    const { statuses } = await request(daraja, {
      writes: {
        ...writes,
        async storeRequest(payment) {
          await writes.storeRequest(payment);
          return writes.storeRequest(payment);
        },
      },
    });
    expect(statuses).toEqual(['REQUESTED', 'AWAITING_PAYER']);
    expect(daraja.pushes).toHaveLength(1);
  });

  it('is sent with a callback URL of its own', async () => {
    const daraja = createFakeDaraja();
    const { row } = await request(daraja);
    expect(daraja.pushes).toMatchObject([
      {
        callbackUrl: `https://shop.example/cb/${row.id}/1`,
        amountShillings: 1500,
      },
    ]);
    expect(daraja.pushes[0]?.phoneNumber.reveal()).toBe('254712345678');
  });

  it('is looked at a minute after the push', async () => {
    const { row } = await request(createFakeDaraja());
    const due = (await workOf(row.id))?.nextCheckAt?.getTime() ?? 0;
    expect(due - Date.now()).toBeGreaterThan(50_000);
    expect(due - Date.now()).toBeLessThan(70_000);
  });

  it('is stored, with its attempt marked as dispatched, before Daraja hears of it', async () => {
    const seen: unknown[] = [];
    const daraja = createFakeDaraja({
      async push({ callbackUrl }) {
        const { row, attempts } = await load(callbackUrl.split('/').at(-2) ?? '');
        seen.push([row.status, attempts[0]?.dispatchedAt instanceof Date]);
        return acceptance();
      },
    });
    await request(daraja);
    expect(seen).toEqual([['REQUESTED', true]]);
  });

  it('that Daraja refuses has failed and was dispatched to nobody', async () => {
    const { row, attempts } = await request(
      createFakeDaraja({ push: () => refusal('bad-request', '400.002.02') }),
    );
    expect(row).toMatchObject({ status: 'FAILED', failureReason: 'PROVIDER_REFUSED', settledRank: 5 });
    expect(attempts).toMatchObject([{ dispatchedAt: null, errorCode: '400.002.02' }]);
    expect(await workOf(row.id)).toBeNull();
  });

  it('that could not be sent has failed with PROMPT_NOT_SENT', async () => {
    const daraja = createFakeDaraja({
      push: () => ({ outcome: 'not-sent', message: 'No connection.', advice: '' }),
    });
    const { row, attempts } = await request(daraja);
    expect(row).toMatchObject({ status: 'FAILED', failureReason: 'PROMPT_NOT_SENT' });
    expect(attempts).toMatchObject([{ dispatchedAt: null }]);
  });

  it('whose answer is lost is unconfirmed, not failed, and is not sent again', async () => {
    const daraja = createFakeDaraja({
      push: () => ({ outcome: 'unknown', message: 'Timed out.', advice: '' }),
    });
    const { row, attempts } = await request(daraja);
    expect(row).toMatchObject({ status: 'UNCONFIRMED', failureReason: null });
    expect(attempts).toMatchObject([{ dispatchedAt: expect.any(Date) }]);
    expect(daraja.pushes).toHaveLength(1);
  });

  describe('whose database commits and does not say so', () => {
    const lost = new Error('Connection terminated unexpectedly');

    /** The text with which the statement begins that says that a push may have left. */
    const marking = 'with payment as (\n      select id';

    /** The first statement that begins so is done, and its caller told that it failed. */
    function losingAnswerTo(beginning: string): Sql {
      let isLost = false;
      return async <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) => {
        const rows = await opened().sql<Row>(text, ...values);
        if (isLost || !text[0]?.trim().startsWith(beginning)) return rows;
        isLost = true;
        throw lost;
      };
    }

    /** The same for the first of Prisma’s transactions. */
    function losingOneCommit(): PrismaClient {
      let isLost = false;
      return new Proxy(opened().prisma, {
        get(prisma, name) {
          const value: unknown = Reflect.get(prisma, name);
          if (typeof value !== 'function') return value;
          const call = (value as (...args: unknown[]) => unknown).bind(prisma);
          if (name !== '$transaction') return call;
          return async (...args: unknown[]) => {
            const result = await call(...args);
            if (isLost) return result;
            isLost = true;
            throw lost;
          };
        },
      }) satisfies PrismaClient;
    }

    it('that a push may leave fails, because none has left', async () => {
      const daraja = createFakeDaraja();
      const sql = losingAnswerTo(marking);
      const { row, attempts } = await request(daraja, { sql });
      expect(daraja.pushes).toEqual([]);
      expect(row).toMatchObject({ status: 'FAILED', failureReason: 'PROMPT_NOT_SENT' });
      expect(attempts).toMatchObject([{ dispatchedAt: null }]);
      expect(await workOf(row.id)).toBeNull();
    });

    it('that there is another attempt ends when the lease of that one has run out', async () => {
      const prisma = losingOneCommit();
      const { row, attempts } = await request(createFakeDaraja({ push: () => refusal('busy') }), { prisma });
      expect(attempts).toHaveLength(2);
      expect(row.status).toBe('REQUESTED');
      await loseLeases();
      await expireLeases(depsWith(createFakeDaraja()));
      expect((await load(row.id)).row).toMatchObject({ status: 'FAILED', failureReason: 'PROMPT_NOT_SENT' });
      expect(await workOf(row.id)).toBeNull();
    });
  });

  describe('when M-Pesa is busy', () => {
    it('is sent again as an attempt of its own', async () => {
      let busy = 1;
      const daraja = createFakeDaraja({ push: () => (busy-- > 0 ? refusal('busy') : acceptance()) });
      const { row, attempts } = await request(daraja);
      expect(row.status).toBe('AWAITING_PAYER');
      expect(attempts).toMatchObject([
        { number: 1, dispatchedAt: null, errorCode: '500.003.02', checkoutRequestId: null },
        { number: 2, dispatchedAt: expect.any(Date), checkoutRequestId: row.checkoutRequestId },
      ]);
      expect(daraja.pushes.map(({ callbackUrl }) => callbackUrl.slice(-2))).toEqual(['/1', '/2']);
    });

    it('is sent four times at most, and then has failed with PROVIDER_BUSY', async () => {
      const daraja = createFakeDaraja({ push: () => refusal('busy') });
      const { row, attempts } = await request(daraja);
      expect(row).toMatchObject({ status: 'FAILED', failureReason: 'PROVIDER_BUSY' });
      expect([daraja.pushes.length, attempts.length]).toEqual([4, 4]);
    });

    it('stays REQUESTED while it waits', async () => {
      const daraja = createFakeDaraja({ push: () => refusal('busy') });
      const { statuses } = await request(daraja);
      expect(statuses).toEqual(['REQUESTED', 'FAILED']);
    });
  });

  describe('when the access token is refused', () => {
    it('gives the token back and is sent with the next', async () => {
      const daraja = createFakeDaraja({
        push: (_, version) => (version === 1 ? refusal('invalid-token') : acceptance()),
      });
      const { row } = await request(daraja);
      expect(row.status).toBe('AWAITING_PAYER');
      expect(daraja.discarded).toEqual([1]);
    });

    it('is sent at most twice more', async () => {
      const daraja = createFakeDaraja({ push: () => refusal('invalid-token', '404.001.03') });
      const { row } = await request(daraja);
      expect(row).toMatchObject({ status: 'FAILED', failureReason: 'PROVIDER_REFUSED' });
      expect(daraja.pushes).toHaveLength(3);
    });
  });

  describe('without an access token', () => {
    it.each([
      { reason: 'token-contended', failureReason: 'PROVIDER_REFUSED' },
      { reason: 'wrong-credentials', failureReason: 'MERCHANT_CONFIGURATION' },
      { reason: 'no-connection', failureReason: 'PROMPT_NOT_SENT' },
      { reason: 'busy', failureReason: 'PROVIDER_BUSY' },
    ] as const)(
      'sends nothing and fails with $failureReason ($reason)',
      async ({ reason, failureReason }) => {
        const daraja = createFakeDaraja({
          accessToken: () => Promise.reject(new DarajaError(reason, 'No token.', '')),
        });
        const { row } = await request(daraja);
        expect(row).toMatchObject({ status: 'FAILED', failureReason });
        expect(daraja.pushes).toEqual([]);
      },
    );
  });

  it('whose lease was lost before it was dispatched is not sent', async () => {
    const daraja = createFakeDaraja({
      async accessToken() {
        await loseLeases();
      },
    });
    const { row, attempts } = await request(daraja);
    expect(daraja.pushes).toEqual([]);
    expect(row.status).toBe('REQUESTED');
    expect(attempts).toMatchObject([{ dispatchedAt: null }]);
  });

  it('whose lease is lost while it waits to be sent again is not sent again', async () => {
    const daraja = createFakeDaraja({
      async push() {
        await loseLeases();
        return refusal('busy');
      },
    });
    const { attempts } = await request(daraja);
    expect(daraja.pushes).toHaveLength(1);
    expect(attempts).toMatchObject([{ number: 1, dispatchedAt: null }]);
  });

  describe('with a key that was used', () => {
    it('is the payment of before when it asks for the same', async () => {
      const daraja = createFakeDaraja();
      const deps = depsWith(daraja);
      const first = await requestPayment(deps, clientId, input({ idempotencyKey: 'same' }));
      const second = await requestPayment(
        deps,
        clientId,
        input({ idempotencyKey: 'same', phoneNumber: '+254 712-345678' }),
      );
      await deps.pushes.drain();
      expect(second).toEqual({
        outcome: 'replayed',
        transactionId: 'transactionId' in first && first.transactionId,
      });
      expect(daraja.pushes).toHaveLength(1);
    });

    it('is refused when it asks for something else', async () => {
      const deps = depsWith(createFakeDaraja());
      await requestPayment(deps, clientId, input({ idempotencyKey: 'reused' }));
      const second = await requestPayment(deps, clientId, input({ idempotencyKey: 'reused', amount: 1501 }));
      await deps.pushes.drain();
      expect(second).toEqual({ outcome: 'key-reused' });
    });

    it('by another client is a payment of its own', async () => {
      const deps = depsWith(createFakeDaraja());
      const first = await requestPayment(deps, clientId, input({ idempotencyKey: 'shared' }));
      const other = '00000000-0000-7000-8000-000000000001';
      const second = await requestPayment(deps, other, input({ idempotencyKey: 'shared' }));
      await deps.pushes.drain();
      expect([first.outcome, second.outcome]).toEqual(['requested', 'requested']);
    });

    it('twenty times at once is one push', async () => {
      const daraja = createFakeDaraja();
      const deps = depsWith(daraja);
      const crowd = Array.from({ length: 20 }, () =>
        requestPayment(deps, clientId, input({ idempotencyKey: 'crowd' })),
      );
      const outcomes = (await Promise.all(crowd)).map(({ outcome }) => outcome).sort();
      await deps.pushes.drain();
      expect(outcomes).toEqual([...Array.from({ length: 19 }, () => 'replayed'), 'requested']);
      expect(daraja.pushes).toHaveLength(1);
    });

    it('by a request that was refused before is free', async () => {
      const deps = depsWith(createFakeDaraja());
      const refused = await requestPayment(deps, clientId, input({ idempotencyKey: 'free', amount: 0 }));
      const second = await requestPayment(deps, clientId, input({ idempotencyKey: 'free' }));
      await deps.pushes.drain();
      expect([refused.outcome, second.outcome]).toEqual(['refused', 'requested']);
    });
  });

  it('is found among those that need no attention', async () => {
    const { row } = await request(createFakeDaraja({ accessToken: () => loseLeases() }));
    const { rows } = await findPage(
      findDeps(opened()),
      { transactionId: row.id },
      { needsAttention: false },
      { take: 1, newestFirst: true, fromEnd: false },
    );
    expect(rows.map(({ id }) => id)).toEqual([row.id]);
  });

  it('that is refused leaves no row', async () => {
    const before = await opened().prisma.transaction.count();
    const refused = await requestPayment(
      depsWith(createFakeDaraja()),
      clientId,
      input({ phoneNumber: '0812' }),
    );
    expect(refused).toMatchObject({ outcome: 'refused', problems: [{ code: 'INVALID_PHONE_NUMBER' }] });
    expect(await opened().prisma.transaction.count()).toBe(before);
  });

  it('comes back with metadata that is equal JSON', async () => {
    const metadata = { order: { items: [1, 2.5, null, true, 'ä\u{1F600}"\\'] }, __order: '', 'a.b': {} };
    const deps = depsWith(createFakeDaraja());
    const requested = await requestPayment(deps, clientId, input({ metadata }));
    await deps.pushes.drain();
    const { row } = await load('transactionId' in requested ? requested.transactionId : '');
    expect(row.metadata).toEqual(metadata);
  });

  it('whose success callback comes before Daraja answers stays completed, with its ids', async () => {
    const daraja = createFakeDaraja({
      async push({ callbackUrl }) {
        const transactionId = callbackUrl.split('/').at(-2) ?? '';
        const answer = acceptance();
        const checkoutRequestId = 'checkoutRequestId' in answer ? answer.checkoutRequestId.reveal() : null;
        const { receivedAt, ...evidence } = success({
          checkoutRequestId,
          receipt: `UKO${String(keys).padStart(7, '0')}${opened().kind[0] ?? ''}`,
        });
        const arrival = { id: crypto.randomUUID(), receivedAt, peer: null, body: Buffer.from('early') };
        await settle({ ...opened(), announce: () => undefined, logger: testLogger }, [
          { ...arrival, kind: 'evidence', transactionId, evidence },
        ]);
        return answer;
      },
    });
    const { row, statuses } = await request(daraja);
    expect(statuses).toEqual(['REQUESTED', 'COMPLETED']);
    expect(row.checkoutRequestId).toBeTruthy();
    expect(await workOf(row.id)).toBeNull();
  });
});
