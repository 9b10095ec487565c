import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import {
  AttentionReason,
  EvidenceSource,
  EvidenceVerdict,
  FailureReason,
  TransactionStatus,
} from '../../src/database/generated/prisma/enums.ts';
import { scrape, type Scrape } from '../support/scrape.ts';
import { reservedPayer, rowId, TestApp, testKey } from '../support/test-app.ts';

const statuses = Object.values(TransactionStatus);
const sources = Object.values(EvidenceSource);
const darajaOutcomes = [
  ...['accepted', 'refused', 'not-sent', 'unknown'],
  ...['result', 'pending', 'too-early-or-unknown-id', 'invalid-token', 'throttled', 'no-answer'],
  ...['minted', 'wrong-credentials', 'wrong-environment', 'bad-request', 'busy', 'firewall', 'timed-out'],
  ...['no-connection', 'bad-answer'],
];

/** Every label of ours, and all that it may ever be: none names a payment, a person or a client. */
const closedLists: Record<string, readonly (string | RegExp)[]> = {
  outcome: ['requested', 'replayed', 'key-reused', 'refused', 'stored', 'failed', ...darajaOutcomes],
  status: [...statuses, /^[1-5]\d\d$/],
  failure_reason: ['NONE', ...Object.values(FailureReason)],
  source: sources,
  from: statuses,
  verdict: Object.values(EvidenceVerdict),
  reason: [
    'address',
    'token',
    'token-contended',
    'token-awaited',
    ...Object.values(AttentionReason),
    ...darajaOutcomes,
  ],
  where: ['database', 'spool'],
  operation: ['push', 'query', 'token'],
  kind: [
    ...['socket', 'stream'],
    ...['busy', 'invalid-token', 'not-entitled', 'wrong-credentials', 'merchant-unknown', 'bad-request'],
    ...['subscriber-locked', 'payer-not-eligible', 'merchant-not-permitted', 'duplicate'],
  ],
  method: ['GET', 'POST', 'HEAD', 'OPTIONS', 'other'],
  route: [
    ...['/graphql', '/metrics', '/health/live', '/health/ready', '/cb/:token', '/mpesa/callback'],
    ...['/mpesa/callback/health', 'none'],
  ],
  age: ['under_2m', '2m_to_10m', '10m_to_1h', '1h_to_1d', 'over_1d'],
  budget: ['stk_query'],
  version: [/^\d+\.\d+\.\d+$/],
  environment: ['SIMULATOR', 'SANDBOX', 'PRODUCTION'],
  le: [/^(\d+(\.\d+)?|\+Inf)$/],
};

let test: TestApp;
let text: string;
let now: Scrape;
const said: string[] = [testKey];

/** Every outcome that comes by itself, and whatever strangers send. */
beforeAll(async () => {
  test = await TestApp.start();
  const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 18, 19, 21, 24, 25, 26, 27, 30];
  await Promise.all(
    numbers.map(async (nn) => {
      const phoneNumber = reservedPayer(nn);
      const { transaction, watchToken } = await test.initiate({ phoneNumber, accountReference: `REF-${nn}` });
      const id = transaction?.id ?? '';
      await test.watchToEnd(id);
      const { mpesaReceiptNumber, checkoutRequestId, merchantRequestId } = await test.read(id);
      const ids = [id, rowId(id), watchToken, mpesaReceiptNumber, checkoutRequestId, merchantRequestId];
      said.push(
        phoneNumber,
        phoneNumber.slice(3),
        `REF-${nn}`,
        ...ids.filter((one) => one !== null).map(String),
      );
    }),
  );
  for (const path of ['/cb/254712345678', '/nothing/254712345678', '/metrics?key=254712345678'])
    for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND'])
      await fetch(`${test.url}${path}`, { method, headers: { 'x-client': '254712345678' } });
  now = await scrape(test.url, testKey);
  text = now.text;
}, 60_000);
afterAll(() => test[Symbol.asyncDispose]());

const own = () => now.series.filter(({ name }) => name.startsWith('malipo_'));

it('every label of ours has a value from its closed list', () => {
  const strangers = own().flatMap(({ name, labels }) =>
    Object.entries(labels).flatMap(([label, value]) => {
      const isListed = closedLists[label]?.some((one) =>
        typeof one === 'string' ? one === value : one.test(value),
      );
      return isListed ? [] : [`${name} ${label}="${value}"`];
    }),
  );
  expect(own().length).toBeGreaterThan(200);
  expect(strangers).toEqual([]);
});

it('nothing that was said about a payment stands in it', () => {
  expect(said.length).toBeGreaterThan(100);
  for (const word of said) expect(text).not.toContain(word);
  expect(text).not.toMatch(/(?<![\d.])254\d{9}(?!\d)|ws_CO_|mlp_|eyJ/);
});

it('names say whose they are, what they count and in which unit', () => {
  const types = [...text.matchAll(/^# TYPE (malipo_\w+) (\w+)$/gm)];
  expect(types.length).toBeGreaterThan(25);
  for (const [, name = '', type] of types) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|minutes)(_|$)/);
    if (type === 'histogram') expect(name).toMatch(/_(seconds|size)$/);
  }
});

it('every metric says what it is', () => {
  for (const [, name] of text.matchAll(/^# TYPE (\w+) \w+$/gm))
    expect(text).toMatch(new RegExp(`^# HELP ${String(name)} \\S.{10,}$`, 'm'));
});

it('two apps in one process count for themselves', async () => {
  await using other = await TestApp.start();
  await vi.waitFor(async () => {
    const theirs = await scrape(other.url, testKey);
    expect(theirs.sum('malipo_payment_requests_total')).toBe(0);
    // What describes the process is the same for both.
    expect(theirs.value('process_start_time_seconds')).toBe(now.value('process_start_time_seconds'));
  });
});
