import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scrape } from '../support/scrape.ts';
import { paymentInput, reservedPayer, TestApp, testKey } from '../support/test-app.ts';

let test: TestApp;
beforeEach(async () => {
  test = await TestApp.start();
});
afterEach(() => test[Symbol.asyncDispose]());

async function end(nn: number): Promise<string> {
  const id = await test.pay({ phoneNumber: reservedPayer(nn) });
  await test.watchToEnd(id);
  return id;
}

const post = (path: string, body: object): Promise<Response> =>
  fetch(`${test.url}${path}`, { method: 'POST', body: JSON.stringify(body) });

it('a payment that is paid counts as asked for, pushed, called back, settled and paid in time', async () => {
  await end(0);
  const now = await scrape(test.url, testKey);
  expect(now.value('malipo_payment_requests_total', { outcome: 'requested' })).toBe(1);
  const push = { operation: 'push', outcome: 'accepted' };
  expect(now.value('malipo_daraja_request_duration_seconds_count', push)).toBe(1);
  const token = { operation: 'token', outcome: 'minted' };
  expect(now.value('malipo_daraja_request_duration_seconds_count', token)).toBe(1);
  expect(now.value('malipo_callback_durable_seconds_count', { where: 'database' })).toBe(1);
  expect(now.value('malipo_inbox_batch_size_sum')).toBe(1);
  expect(now.value('malipo_inbox_batch_duration_seconds_count', { outcome: 'stored' })).toBe(1);
  expect(now.value('malipo_evidence_total', { source: 'CALLBACK', verdict: 'APPLIED' })).toBe(1);
  const settled = { status: 'COMPLETED', failure_reason: 'NONE', source: 'CALLBACK' };
  expect(now.value('malipo_payments_settled_total', settled)).toBe(1);
  expect(now.value('malipo_payment_time_to_paid_seconds_count', { source: 'CALLBACK' })).toBe(1);
  expect(now.value('malipo_callback_after_acceptance_seconds_count')).toBe(1);
  // The simulated payer takes 40 ms.
  expect(now.value('malipo_payment_time_to_paid_seconds_sum')).toBeGreaterThan(0.03);
  const answered = { method: 'POST', route: '/cb/:token', status: '200' };
  expect(now.value('malipo_http_request_duration_seconds_count', answered)).toBe(1);
});

it('a payment that fails counts with its reason, and not as paid', async () => {
  await end(1);
  await end(2);
  const now = await scrape(test.url, testKey);
  const failed = { status: 'FAILED', failure_reason: 'INSUFFICIENT_FUNDS' };
  expect(now.value('malipo_payments_settled_total', failed)).toBe(1);
  const cancelled = { status: 'CANCELLED', failure_reason: 'CANCELLED_BY_PAYER' };
  expect(now.value('malipo_payments_settled_total', cancelled)).toBe(1);
  expect(now.labelValues('malipo_payment_time_to_paid_seconds_count', 'source')).toEqual([]);
});

it('a failure that proves to be paid counts as corrected', async () => {
  const id = await test.pay({ phoneNumber: reservedPayer(28) });
  await test.graphql(
    'mutation ($id: ID!) { resolveTransaction(id: $id, outcome: FAILED, reason: "not on the statement") { userErrors { code } } }',
    { id },
  );
  const { checkoutRequestId } = await test.read(id);
  const body = await paidBody(String(checkoutRequestId));
  await post('/mpesa/callback', body);
  const now = await scrape(test.url, testKey);
  expect(now.value('malipo_payments_corrected_total', { from: 'FAILED', source: 'CALLBACK' })).toBe(1);
  expect(now.value('malipo_payments_settled_total', { source: 'OPERATOR' })).toBe(1);
  const completed = { status: 'COMPLETED', source: 'CALLBACK' };
  expect(now.value('malipo_payments_settled_total', completed)).toBe(1);
});

it('a repeat, a reused key and a refused request do not count as a payment', async () => {
  const input = paymentInput({ phoneNumber: reservedPayer(0) });
  await test.initiate(input);
  await test.initiate(input);
  await test.initiate({ ...input, amount: 11 });
  await test.initiate({ ...input, amount: 0 });
  const now = await scrape(test.url, testKey);
  for (const outcome of ['requested', 'replayed', 'key-reused', 'refused'])
    expect(now.value('malipo_payment_requests_total', { outcome }), outcome).toBe(1);
});

it('a callback that comes twice is one settlement and two verdicts', async () => {
  await end(12);
  await vi.waitFor(async () => {
    const now = await scrape(test.url, testKey);
    expect(now.value('malipo_evidence_total', { source: 'CALLBACK', verdict: 'DUPLICATE' })).toBe(1);
    expect(now.value('malipo_evidence_total', { source: 'CALLBACK', verdict: 'APPLIED' })).toBe(1);
    expect(now.sum('malipo_payments_settled_total')).toBe(1);
  });
});

it('posts that are not believed count by reason, and nothing else', async () => {
  expect((await post('/cb/00', {})).status).toBe(404);
  expect((await post(`/cb/${'0'.repeat(68)}`, {})).status).toBe(404);
  const forwarded = { 'x-forwarded-for': '10.0.0.1' };
  await fetch(`${test.url}/mpesa/callback`, { method: 'POST', body: '{}', headers: forwarded });
  const now = await scrape(test.url, testKey);
  expect(now.value('malipo_callbacks_refused_total', { reason: 'token' })).toBe(2);
  expect(now.value('malipo_callbacks_refused_total', { reason: 'address' })).toBe(1);
  expect(now.labelValues('malipo_callback_durable_seconds_count', 'where')).toEqual([]);
  expect(now.labelValues('malipo_evidence_total', 'source')).toEqual([]);
});

it('a prompt that M-Pesa refuses counts by kind', async () => {
  await end(21);
  const now = await scrape(test.url, testKey);
  const refused = { operation: 'push', outcome: 'refused' };
  expect(now.value('malipo_daraja_request_duration_seconds_count', refused)).toBe(1);
  expect(now.value('malipo_push_refusals_total', { kind: 'wrong-credentials' })).toBe(1);
});

it('what a query settles counts as its word, with the slots of the budget that it took', async () => {
  await end(10);
  const now = await scrape(test.url, testKey);
  expect(now.value('malipo_payments_settled_total', { source: 'QUERY', status: 'COMPLETED' })).toBe(1);
  const queries = now.value('malipo_daraja_request_duration_seconds_count', { operation: 'query' });
  expect(queries).toBe(1);
  expect(now.value('malipo_query_slots_taken_total')).toBe(queries);
});

it('a second payment raises attention, and is among those that need it', async () => {
  await end(30);
  await vi.waitFor(async () => {
    const now = await scrape(test.url, testKey);
    expect(now.value('malipo_attention_raised_total', { reason: 'PAID_TWICE' })).toBe(1);
  });
});

describe('who watches', () => {
  it('is counted while he does', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const watching = test.watch(id);
    await watching.next();
    const during = await scrape(test.url, testKey);
    expect(during.value('malipo_watchers')).toBe(1);
    expect(during.value('malipo_watched_payments')).toBe(1);
    expect(during.value('malipo_open_connections', { kind: 'socket' })).toBe(1);
    await watching.return(undefined);
    await vi.waitFor(async () => {
      const after = await scrape(test.url, testKey);
      expect(after.value('malipo_watchers')).toBe(0);
      expect(after.value('malipo_open_connections', { kind: 'socket' })).toBe(0);
    });
  });

  it('counts over SSE too, and his stream is no slow request', async () => {
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const leaving = new AbortController();
    const response = await fetch(`${test.url}/graphql`, {
      method: 'POST',
      signal: leaving.signal,
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${testKey}`,
      },
      body: JSON.stringify({
        query: 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { sequence } }',
        variables: { id },
      }),
    });
    await response.body?.getReader().read();
    const during = await scrape(test.url, testKey);
    expect(during.value('malipo_open_connections', { kind: 'stream' })).toBe(1);
    const requests = during.value('malipo_http_request_duration_seconds_count', { route: '/graphql' });
    leaving.abort();
    await vi.waitFor(async () => {
      const after = await scrape(test.url, testKey);
      expect(after.value('malipo_open_connections', { kind: 'stream' })).toBe(0);
      expect(after.value('malipo_connections_total', { kind: 'stream' })).toBe(1);
      expect(after.value('malipo_http_request_duration_seconds_count', { route: '/graphql' })).toBe(requests);
    });
  });
});

/** As a genuine success reads, for a payment of KES 10. */
async function paidBody(checkoutRequestId: string): Promise<object> {
  return {
    Body: {
      stkCallback: {
        MerchantRequestID: '29115-34620561-1',
        CheckoutRequestID: checkoutRequestId,
        ResultCode: 0,
        ResultDesc: 'The service request is processed successfully.',
        CallbackMetadata: {
          Item: [
            { Name: 'Amount', Value: 10 },
            { Name: 'MpesaReceiptNumber', Value: 'UKO1ABC23D' },
            { Name: 'TransactionDate', Value: 20261124103355 },
          ],
        },
      },
    },
  };
}
