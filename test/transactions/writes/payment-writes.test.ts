import { beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { ensureFixedClients } from '../../../src/access/fixed-clients.ts';
import { PhoneNumber } from '../../../src/daraja/phone-number.ts';
import type { DatabaseAccess } from '../../../src/database/database.ts';
import type { Sql } from '../../../src/database/sql.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { PaymentRequest } from '../../../src/transactions/request-rules.ts';
import { createPaymentWrites } from '../../../src/transactions/writes/payment-writes.ts';
import type { NewPayment } from '../../../src/transactions/writes/store-requests.ts';
import { testLogger } from '../../support/log-record.ts';
import { clientId } from '../../support/payments.ts';
import { onEachDatabase } from '../../support/test-database.ts';

onEachDatabase('payments that are asked for at the same moment', (opened) => {
  beforeAll(async () => {
    await ensureFixedClients(opened().prisma);
  });

  const open = (changes: Partial<DatabaseAccess> = {}) =>
    createPaymentWrites({
      ...opened(),
      ...changes,
      announce: () => undefined,
      logger: testLogger,
      firstCheckMs: 60_000,
    });

  function newPayment(request: Partial<PaymentRequest> = {}, changes: Partial<NewPayment> = {}): NewPayment {
    const createdAt = new Date();
    const id = newId(createdAt);
    return {
      id,
      clientId,
      createdAt,
      leaseHolder: `holder of ${id}`,
      merchant: { businessShortCode: '174379', partyB: '174380' },
      request: {
        phoneNumber: new PhoneNumber('254712345678'),
        amountShillings: 15,
        accountReference: 'ORDER-1',
        description: 'Shoes',
        idempotencyKey: id,
        metadata: null,
        ...request,
      },
      ...changes,
    };
  }

  const many = (count: number) => Array.from({ length: count }, () => newPayment());

  it('are each stored as they were asked for', async () => {
    const writes = open();
    const metadata = { order: 7, note: 'Ωmega "quoted" \\ 😀', nothing: null, list: [1.5, [true]] };
    const payments = [
      newPayment({ metadata }),
      newPayment({ description: 'Belt', amountShillings: 250_000 }),
    ];
    expect(await Promise.all(payments.map((payment) => writes.storeRequest(payment)))).toEqual([true, true]);
    const [first, second] = await opened().prisma.transaction.findMany({
      where: { id: { in: payments.map(({ id }) => id) } },
      orderBy: { amountCents: 'asc' },
      include: { events: true, attempts: true, openWork: true },
    });
    expect(first).toMatchObject({
      clientId,
      kind: 'STK_PUSH',
      status: 'REQUESTED',
      sequence: 1,
      businessShortCode: '174379',
      partyB: '174380',
      amountCents: 1500,
      phoneNumber: '254712345678',
      metadata,
      attention: [],
      createdAt: payments[0]?.createdAt,
      events: [{ sequence: 1, status: 'REQUESTED', source: 'API' }],
      attempts: [{ number: 1, dispatchedAt: null }],
      openWork: { leaseHolder: payments[0]?.leaseHolder, nextCheckAt: null },
    });
    expect(second).toMatchObject({ amountCents: 25_000_000, description: 'Belt', metadata: null });
    const none = await opened().sql<{ count: number }>`
      select count(*)::int as count from transactions
      where id = ${payments[1]?.id}::uuid and metadata is null`;
    expect(none).toEqual([{ count: 1 }]);
  });

  it('with one key are one payment', async () => {
    const writes = open();
    const key = newId(new Date());
    const payments = Array.from({ length: 20 }, () => newPayment({ idempotencyKey: key }));
    const stored = await Promise.all(payments.map((payment) => writes.storeRequest(payment)));
    expect(stored.filter(Boolean)).toHaveLength(1);
    expect(await opened().prisma.transaction.findMany({ where: { idempotencyKey: key } })).toMatchObject([
      { id: payments[stored.indexOf(true)]?.id },
    ]);
  });

  it('are stored whatever becomes of one among them', async () => {
    const writes = open();
    const ofNobody = newPayment({}, { clientId: '00000000-0000-7000-8000-00000000dead' });
    const stored = await Promise.allSettled(
      [...many(5), ofNobody, ...many(5)].map((one) => writes.storeRequest(one)),
    );
    expect(stored.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(stored[5]?.status).toBe('rejected');
  });

  it('are not stored once their callers have waited for too long', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const databaseIsBack = Promise.withResolvers<undefined>();
    let asked = 0;
    const sql: Sql = async <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) => {
      asked += 1;
      await databaseIsBack.promise;
      return opened().sql<Row>(text, ...values);
    };
    const writes = open({ sql });
    const begun = [writes.storeRequest(newPayment()), writes.storeRequest(newPayment())];
    await vi.waitFor(() => {
      expect(asked).toBeGreaterThan(0);
    });
    const late = many(150);
    const waiting = Promise.allSettled(late.map((payment) => writes.storeRequest(payment)));
    vi.advanceTimersByTime(3_001);
    databaseIsBack.resolve(undefined);
    expect(await Promise.all(begun)).toEqual([true, true]);
    const stored = (await waiting).filter(({ status }) => status === 'fulfilled');
    // Those that a batch had room for had been sent by then.
    expect(stored.length).toBeLessThanOrEqual(100);
    const ids = late.map(({ id }) => id);
    expect(await opened().prisma.transaction.count({ where: { id: { in: ids } } })).toBe(stored.length);
  });

  it('are not tried one by one when it is the database that fails', async () => {
    let asked = 0;
    const sql: Sql = () => {
      asked += 1;
      return Promise.reject(Object.assign(new Error('terminating connection'), { code: '57P01' }));
    };
    const writes = open({ sql });
    const stored = await Promise.allSettled(many(20).map((payment) => writes.storeRequest(payment)));
    expect(stored.every(({ status }) => status === 'rejected')).toBe(true);
    expect(asked).toBeLessThanOrEqual(2);
  });

  it('are marked as dispatched where their lease is held, and nowhere else', async () => {
    const writes = open();
    const payments = many(12);
    await Promise.all(payments.map((payment) => writes.storeRequest(payment)));
    const [, late, settled] = payments;
    await opened().sql`
      update open_work set lease_expires_at = now() - interval '1 s' where transaction_id = ${late?.id}::uuid`;
    await opened().sql`update transactions set status = 'COMPLETED' where id = ${settled?.id}::uuid`;
    const marked = await Promise.all(
      payments.map(({ id, leaseHolder }, index) =>
        writes.markDispatched({
          transactionId: id,
          leaseHolder: index === 3 ? 'somebody else' : leaseHolder,
          attempt: index === 4 ? 2 : 1,
        }),
      ),
    );
    expect(marked).toEqual(payments.map((_payment, index) => ![1, 2, 3, 4].includes(index)));
    const attempts = await opened().prisma.attempt.findMany({
      where: { transactionId: { in: payments.map(({ id }) => id) } },
      orderBy: { transactionId: 'asc' },
    });
    const byId = new Map(attempts.map((attempt) => [attempt.transactionId, attempt.dispatchedAt !== null]));
    expect(payments.map(({ id }) => byId.get(id))).toEqual(marked);
  });
});
