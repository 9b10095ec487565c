import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { callbackSenders } from '../../src/config/safaricom-addresses.ts';
import { simulatedPayment, type SimulatedPayment } from '../support/simulator.ts';
import { reservedPayer, rowId, TestApp, type TestOptions } from '../support/test-app.ts';

/** One of Safaricom's, and one of nobody's. */
const safaricom = '196.201.214.200';
const stranger = '203.0.113.9';

const success = { ResultCode: 0, ResultDesc: 'Success' };

/** Nothing but a callback settles a payment here. An early question is a rung, and after the last one it needs attention. */
const ladderMs = [600_000, 600_000, 600_000];
const start = (options: TestOptions) =>
  TestApp.start({ ...options, config: { ladderMs, ...options.config } });

type OpenPayment = SimulatedPayment & { id: string };

async function openPayment(test: TestApp): Promise<OpenPayment> {
  const id = await test.pay({ phoneNumber: reservedPayer(28) });
  const { checkoutRequestId } = await test.read(id);
  return { id, ...(await simulatedPayment(test, checkoutRequestId)) };
}

let receipts = 0;

function paid({ CheckoutRequestID, MerchantRequestID }: OpenPayment): string {
  const receipt = `SEND${String((receipts += 1)).padStart(6, '0')}`;
  const Item = [
    { Name: 'Amount', Value: 10 },
    { Name: 'MpesaReceiptNumber', Value: receipt },
    { Name: 'TransactionDate', Value: 20261124102115 },
  ];
  const said = {
    MerchantRequestID,
    CheckoutRequestID,
    ResultCode: 0,
    ResultDesc: '',
    CallbackMetadata: { Item },
  };
  return JSON.stringify({ Body: { stkCallback: said } });
}

async function post(url: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as unknown };
}

const forwardedFor = (addresses: string) => ({ 'x-forwarded-for': addresses });

async function expectSettled(test: TestApp, { id }: OpenPayment): Promise<void> {
  expect((await test.read(id))['status']).toBe('COMPLETED');
  expect(
    await test.prisma.evidence.findMany({ where: { transactionId: rowId(id), source: 'CALLBACK' } }),
  ).toMatchObject([{ verdict: 'APPLIED' }]);
}

/** No verdict, no row, no change. */
async function expectUntouched(test: TestApp, { id, CheckoutRequestID }: OpenPayment): Promise<void> {
  expect(await test.read(id)).toMatchObject({ status: 'AWAITING_PAYER', sequence: 2, attention: [] });
  const kept = { OR: [{ transactionId: rowId(id) }, { checkoutRequestId: CheckoutRequestID }] };
  expect(await test.prisma.evidence.count({ where: { ...kept, source: 'CALLBACK' } })).toBe(0);
  expect(await test.prisma.unmatchedEvidence.count()).toBe(0);
}

describe('behind a proxy that is trusted, with an allow-list', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await start({
      env: { TRUSTED_PROXIES: '127.0.0.1,10.1.0.0/16', CALLBACK_ALLOWED_IPS: `${safaricom},2001:db8::/32` },
    });
  });
  afterAll(() => test[Symbol.asyncDispose]());

  it.each([
    ['an allowed address', safaricom],
    ['an allowed address, mapped to IPv6', `::ffff:${safaricom}`],
    ['an allowed block', '2001:db8::5'],
    ['an allowed address, by way of a second trusted proxy', `${safaricom}, 10.1.2.3`],
    ['an allowed address, whatever it claimed before', `${stranger}, ${safaricom}`],
  ])('a callback from %s settles its payment, on either path', async (_who, addresses) => {
    for (const path of ['token', 'shared']) {
      const payment = await openPayment(test);
      const url = path === 'token' ? payment.callbackUrl : `${test.url}/mpesa/callback`;
      expect(await post(url, paid(payment), forwardedFor(addresses))).toEqual({ status: 200, body: success });
      await expectSettled(test, payment);
    }
  });

  it.each<[string, Record<string, string>]>([
    ['another address', forwardedFor(stranger)],
    ['another address that claims an allowed one', forwardedFor(`${safaricom}, ${stranger}`)],
    [
      'another address, by way of a second trusted proxy',
      forwardedFor(`${safaricom}, ${stranger}, 10.1.2.3`),
    ],
    ['an allowed address, by way of a proxy that is not trusted', forwardedFor(`${safaricom}, 10.2.0.1`)],
    ['a word that is no address', forwardedFor('unknown')],
    ['an address with a port', forwardedFor(`${safaricom}:1234`)],
    ['the proxy itself', {}],
    [
      'the proxy, which names its client in other headers only',
      { forwarded: `for=${safaricom}`, 'x-real-ip': safaricom },
    ],
  ])('a callback from %s is refused on either path, and leaves no trace', async (_who, headers) => {
    const payment = await openPayment(test);
    const forbidden = { code: 'FORBIDDEN', message: 'Callbacks are not taken from this address.' };
    expect(await post(payment.callbackUrl, paid(payment), headers)).toEqual({ status: 403, body: forbidden });
    await expectUntouched(test, payment);
    const shared = await post(`${test.url}/mpesa/callback`, paid(payment), headers);
    expect(shared).toEqual({ status: 403, body: forbidden });
    await expectUntouched(test, payment);
  });

  it('a refused post on the shared path has M-Pesa asked about the payment that it names, once', async () => {
    const payment = await openPayment(test);
    const where = { transactionId: rowId(payment.id) };
    const work = () => test.prisma.openWork.findUniqueOrThrow({ where });
    // On the path with a token it is no reason to ask.
    await post(payment.callbackUrl, paid(payment), forwardedFor(stranger));
    expect((await work()).hastenedAt).toBeNull();
    await post(`${test.url}/mpesa/callback`, paid(payment), forwardedFor(stranger));
    // It was asked, said that the payer is still awaited, and will be asked again in its time.
    await vi.waitFor(async () => {
      const { looks, nextCheckAt } = await work();
      expect(looks).toBe(1);
      expect(nextCheckAt?.getTime()).toBeGreaterThan(Date.now() + 60_000);
    }, 10_000);
    const asked = await work();
    await post(`${test.url}/mpesa/callback`, paid(payment), forwardedFor(stranger));
    expect(await work()).toEqual(asked);
  });
});

describe('without a proxy that is trusted', () => {
  it('an address that a sender claims counts for nothing, and its own does', async () => {
    await using test = await start({ env: { CALLBACK_ALLOWED_IPS: `${safaricom},127.0.0.1` } });
    const payment = await openPayment(test);
    for (const url of [payment.callbackUrl, `${test.url}/mpesa/callback`]) {
      expect((await post(url, paid(payment), forwardedFor(safaricom))).status).toBe(403);
    }
    await expectUntouched(test, payment);
    expect((await post(payment.callbackUrl, paid(payment))).status).toBe(200);
    await expectSettled(test, payment);
  });
});

describe('by default', () => {
  it('the sandbox may post to a callback URL from anywhere, and to the shared path nobody may', async () => {
    await using test = await start({ config: { senders: callbackSenders('sandbox', null, false) } });
    const payment = await openPayment(test);
    for (const headers of [{}, forwardedFor(safaricom)]) {
      expect((await post(`${test.url}/mpesa/callback`, paid(payment), headers)).status).toBe(403);
    }
    await expectUntouched(test, payment);
    const answer = await post(payment.callbackUrl, paid(payment), forwardedFor(stranger));
    expect(answer).toEqual({ status: 200, body: success });
    await expectSettled(test, payment);
  });

  it('production believes Safaricom’s known addresses alone, also with the right token', async () => {
    await using test = await start({
      env: { TRUSTED_PROXIES: '127.0.0.1' },
      config: { senders: callbackSenders('production', null, true) },
    });
    const payment = await openPayment(test);
    expect((await post(payment.callbackUrl, paid(payment), forwardedFor(stranger))).status).toBe(403);
    expect((await post(payment.callbackUrl, paid(payment))).status).toBe(403);
    await expectUntouched(test, payment);
    expect((await post(payment.callbackUrl, paid(payment), forwardedFor('196.201.212.69'))).status).toBe(200);
    await expectSettled(test, payment);
  });
});

it('the port for callbacks alone goes by the same rules', async () => {
  await using test = await start({
    env: { TRUSTED_PROXIES: '127.0.0.1', CALLBACK_ALLOWED_IPS: safaricom, CALLBACK_PORT: '0' },
  });
  const payment = await openPayment(test);
  expect(new URL(payment.callbackUrl).port).not.toBe(new URL(test.url).port);
  expect((await post(payment.callbackUrl, paid(payment), forwardedFor(stranger))).status).toBe(403);
  await expectUntouched(test, payment);
  expect((await post(payment.callbackUrl, paid(payment), forwardedFor(safaricom))).status).toBe(200);
  await expectSettled(test, payment);
  // The verdict is kept with the address that counted.
  const where = { transactionId: rowId(payment.id), source: 'CALLBACK' } as const;
  expect(await test.prisma.evidence.findMany({ where, select: { peer: true } })).toEqual([
    { peer: safaricom },
  ]);
});
