import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { developmentClient, ensureFixedClients } from '../../../src/access/fixed-clients.ts';
import { defaultCoolDowns } from '../../../src/daraja/cool-downs.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createTaskSet } from '../../../src/lib/task-set.ts';
import { retryAfter } from '../../../src/transactions/advice.ts';
import { resolvePayment } from '../../../src/transactions/operate/resolve-payment.ts';
import { createPromptGuard } from '../../../src/transactions/prompt-guard/prompt-guard.ts';
import { requestPayment, type RequestedPayment } from '../../../src/transactions/request-payment.ts';
import { createPaymentWrites } from '../../../src/transactions/writes/payment-writes.ts';
import { settle } from '../../../src/transactions/settle/settle.ts';
import { newId } from '../../../src/lib/ids.ts';
import { acceptance, createFakeDaraja, refusal, type FakeDaraja } from '../../support/fake-daraja.ts';
import { issueKey } from '../../support/keys.ts';
import { onEachDatabase } from '../../support/test-database.ts';
import { failure, success } from '../support/evidence.ts';
import { testLogger } from '../../support/log-record.ts';
import { PhoneNumber } from '../../../src/daraja/phone-number.ts';

const settings = {
  openSeconds: 180,
  perPhonePerMinute: 3,
  perClientPerSecond: 10,
  coolDowns: defaultCoolDowns,
};

let keys = 0;
let phones = 0;

onEachDatabase('the prompt guard', (opened) => {
  let phoneNumber: string;
  let daraja: FakeDaraja;

  beforeAll(() => ensureFixedClients(opened().prisma));

  beforeEach(() => {
    phones += 1;
    phoneNumber = `2547123${String(phones).padStart(5, '0')}`;
    daraja = createFakeDaraja();
  });

  const settling = () => ({ ...opened(), announce: () => undefined, logger: testLogger });

  async function ask(
    changes: Partial<{ phoneNumber: string; amount: number; idempotencyKey: string; client: string }> & {
      limits?: Partial<typeof settings>;
    } = {},
  ): Promise<RequestedPayment> {
    keys += 1;
    const { client = developmentClient.id, limits, ...input } = changes;
    const requested = await requestPayment(
      {
        ...settling(),
        clock: systemClock,
        logger: testLogger,
        daraja,
        callbackUrl: () => 'https://shop.example/cb/x',
        writes: createPaymentWrites({ ...settling(), firstCheckMs: 60_000 }),
        resendPausesMs: [],
        pushes: createTaskSet((error) => {
          throw error;
        }),
        spool: () => Promise.reject(new Error('This test has no spool')),
        merchant: { businessShortCode: '174379', partyB: '174379' },
        allowReservedPayers: false,
        promptGuard: createPromptGuard({ ...settings, perClientPerSecond: 1_000, ...limits }, systemClock),
      },
      client,
      {
        phoneNumber,
        amount: 10,
        accountReference: 'ORDER-1',
        idempotencyKey: `guard-${String(keys)}`,
        ...input,
      },
    );
    if (requested.outcome === 'requested') await requested.answered;
    return requested;
  }

  async function pay(changes: Parameters<typeof ask>[0] = {}): Promise<string> {
    const requested = await ask(changes);
    if (requested.outcome !== 'requested') throw new Error(JSON.stringify(requested));
    return requested.transactionId;
  }

  async function refusedWith(changes: Parameters<typeof ask>[0] = {}) {
    const before = [await opened().prisma.transaction.count(), daraja.pushes.length];
    const requested = await ask(changes);
    expect([await opened().prisma.transaction.count(), daraja.pushes.length]).toEqual(before);
    if (requested.outcome !== 'not-now') throw new Error(JSON.stringify(requested));
    return requested.refusal;
  }

  async function say(transactionId: string, said: ReturnType<typeof success>): Promise<void> {
    const receivedAt = new Date();
    const { checkoutRequestId } = await opened().prisma.transaction.findUniqueOrThrow({
      where: { id: transactionId },
    });
    const evidence = { ...said, checkoutRequestId };
    await settle(settling(), [
      {
        kind: 'evidence',
        id: newId(receivedAt),
        receivedAt,
        peer: null,
        body: null,
        transactionId,
        evidence,
      },
    ]);
  }

  async function letTimePass(id: string, seconds: number): Promise<void> {
    const { prisma } = opened();
    await prisma.$executeRaw`
      update transactions set created_at = created_at - ${seconds}::int * interval '1 s',
        settled_at = settled_at - ${seconds}::int * interval '1 s' where id = ${id}::uuid`;
    await prisma.$executeRaw`
      update attempts set dispatched_at = dispatched_at - ${seconds}::int * interval '1 s'
      where transaction_id = ${id}::uuid`;
  }

  it('lets one prompt at a time stand on a phone, whoever asks', async () => {
    const id = await pay();
    const { clientId } = await issueKey(opened().prisma, ['payments:initiate']);
    const refused = await refusedWith({ client: clientId });
    expect(refused).toMatchObject({ code: 'PROMPT_ALREADY_OPEN', field: 'phoneNumber' });
    expect(refused.retryAfterSeconds).toBeGreaterThan(150);
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(180);
    await letTimePass(id, 181);
    await pay({ client: clientId });
  });

  it('answers the repeat of a request with what became of it', async () => {
    const id = await pay({ idempotencyKey: 'one-key' });
    expect(await ask({ idempotencyKey: 'one-key' })).toEqual({ outcome: 'replayed', transactionId: id });
    expect(await ask({ idempotencyKey: 'one-key', amount: 11 })).toEqual({ outcome: 'key-reused' });
  });

  it('uses up no key that it refuses', async () => {
    const id = await pay();
    await refusedWith({ idempotencyKey: 'kept-for-later' });
    await say(id, success({ receipt: `R${String(phones)}`, amountCents: 1_000 }));
    await pay({ idempotencyKey: 'kept-for-later' });
  });

  it('lets the next prompt through as soon as M-Pesa says how the first ended', async () => {
    const id = await pay();
    await say(id, failure('1032'));
    await pay();
  });

  it('lets the next prompt through when the first was refused', async () => {
    daraja = createFakeDaraja({ push: () => refusal('bad-request') });
    await pay();
    daraja = createFakeDaraja();
    await pay();
  });

  it('waits on a prompt of which it is not known whether it went out', async () => {
    daraja = createFakeDaraja({ push: () => ({ outcome: 'unknown', message: 'Timed out.', advice: '' }) });
    await pay();
    expect(await refusedWith()).toMatchObject({ code: 'PROMPT_ALREADY_OPEN' });
  });

  it('waits on a prompt that is about to be sent', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    daraja = createFakeDaraja({ accessToken: () => promise });
    const first = ask();
    await expect.poll(() => opened().prisma.transaction.count({ where: { phoneNumber } })).toBe(1);
    expect(await refusedWith()).toMatchObject({ code: 'PROMPT_ALREADY_OPEN', retryAfterSeconds: 180 });
    resolve(undefined);
    expect(await first).toMatchObject({ outcome: 'requested' });
  });

  it('waits on a prompt that only an operator settled', async () => {
    const id = await pay();
    const speaker = { clientId: developmentClient.id };
    await resolvePayment({ ...settling(), clock: systemClock }, speaker, id, {
      outcome: 'FAILED',
      reason: 'Seen.',
    });
    expect(await refusedWith()).toMatchObject({ code: 'PROMPT_ALREADY_OPEN' });
    await letTimePass(id, 181);
    await pay();
  });

  describe.each([
    ['1001', 120],
    ['17', 120],
    ['1037', 60],
  ])('after the result %s', (resultCode, seconds) => {
    it('leaves the phone alone for as long as the API says', async () => {
      const id = await pay();
      await say(id, failure(resultCode));
      const refused = await refusedWith();
      expect(refused).toMatchObject({ code: 'PAYER_COOLING_DOWN', field: 'phoneNumber' });
      expect(refused.retryAfterSeconds).toBeGreaterThan(seconds - 30);
      expect(refused.retryAfterSeconds).toBeLessThanOrEqual(seconds);
      const payment = await opened().prisma.transaction.findUniqueOrThrow({ where: { id } });
      expect(retryAfter(payment)).toEqual(new Date((payment.settledAt?.getTime() ?? 0) + seconds * 1_000));
      await letTimePass(id, seconds);
      await pay();
    });

    it('leaves it alone for as long as is set', async () => {
      await say(await pay(), failure(resultCode));
      const refused = await refusedWith({
        limits: { coolDowns: { ...defaultCoolDowns, [resultCode]: 600 } },
      });
      expect(refused.retryAfterSeconds).toBeGreaterThan(500);
      await pay({ limits: { coolDowns: { ...defaultCoolDowns, [resultCode]: 0 } } });
    });
  });

  it('lets a phone be asked three times a minute', async () => {
    for (let round = 0; round < 3; round += 1) await say(await pay(), failure('1032'));
    const refused = await refusedWith();
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', field: 'phoneNumber' });
    expect(refused.retryAfterSeconds).toBeGreaterThan(30);
    await pay({ phoneNumber: '254799999999' });
  });

  it('lets a client ask ten times a second, and no other client wait for it', async () => {
    const [{ clientId: busy }, { clientId: other }] = [
      await issueKey(opened().prisma, ['payments:initiate']),
      await issueKey(opened().prisma, ['payments:initiate']),
    ];
    const clock = { now: () => new Date('2026-11-24T07:09:00Z') };
    const guard = createPromptGuard(settings, clock);
    const now = clock.now();
    const many = Array.from({ length: 10 }, () => ({ id: newId(now), clientId: busy }));
    await storeBusy(many);
    const look = (clientId: string) =>
      guard.look(opened().sql, {
        clientId,
        phoneNumber: new PhoneNumber(phoneNumber),
        amountShillings: 10,
      });
    expect(await look(busy)).toMatchObject({ code: 'RATE_LIMITED', field: null, retryAfterSeconds: 1 });
    expect(await look(other)).toBeNull();
    const later = createPromptGuard(settings, { now: () => new Date(now.getTime() + 1_001) });
    expect(
      await later.look(opened().sql, {
        clientId: busy,
        phoneNumber: new PhoneNumber(phoneNumber),
        amountShillings: 10,
      }),
    ).toBeNull();
  });

  async function storeBusy(payments: { id: string; clientId: string }[]): Promise<void> {
    const createdAt = new Date('2026-11-24T07:09:00Z');
    await opened().prisma.transaction.createMany({
      data: payments.map(({ id, clientId }) => ({
        id,
        clientId,
        kind: 'STK_PUSH' as const,
        idempotencyKey: id,
        requestFingerprint: 'fingerprint',
        status: 'FAILED' as const,
        sequence: 1,
        businessShortCode: '174379',
        partyB: '174379',
        amountCents: 1_000,
        attention: [],
        createdAt,
        updatedAt: createdAt,
      })),
    });
  }

  it('lets through exactly one of many who ask at once', async () => {
    daraja = createFakeDaraja({ push: () => acceptance() });
    const asked = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(asked.filter(({ outcome }) => outcome === 'requested')).toHaveLength(1);
    expect(asked.filter(({ outcome }) => outcome === 'not-now')).toHaveLength(19);
    expect(daraja.pushes).toHaveLength(1);
  });
});
