import { expect, it, vi } from 'vitest';
import { tellingLogger } from '../support/log-record.ts';
import { reservedPayer, rowId, TestApp } from '../support/test-app.ts';

type Line = { msg: string; transactionId?: string; attempt?: number; requestId?: string; status?: string };

/** An app, and what it logs at the level that is the default. M-Pesa is first asked after `firstLookMs`. */
async function startLogging({ firstLookMs } = { firstLookMs: 600_000 }) {
  const lines: Line[] = [];
  const logger = tellingLogger((line) => lines.push(JSON.parse(line) as Line));
  const test = await TestApp.start({
    overrides: { logger },
    config: { ladderMs: [firstLookMs, firstLookMs, firstLookMs, 600_000] },
  });
  return { test, lines };
}

const stepsOf = (lines: readonly Line[], id: string) =>
  lines
    .filter(({ transactionId }) => transactionId === rowId(id))
    .map(({ msg, attempt = null, status }) =>
      [msg, attempt, ...(status === undefined ? [] : [status])].join(' '),
    );

it('each step of a payment is one line, from the request to the callback', async () => {
  const { test, lines } = await startLogging();
  await using _test = test;
  const id = await test.pay({ phoneNumber: reservedPayer(0) });
  expect((await test.watchToEnd(id)).at(-1)).toMatchObject({ status: 'COMPLETED' });
  await vi.waitFor(() => expect(stepsOf(lines, id)).toContain('callback stored 1'));
  expect(stepsOf(lines, id)).toEqual([
    'payment requested 1',
    'push dispatched 1',
    'push answered 1',
    'payment changed 1 AWAITING_PAYER',
    'payment changed 1 COMPLETED',
    'callback stored 1',
  ]);
  const named = lines.filter(({ msg }) => msg === 'payment requested' || msg === 'callback stored');
  for (const { requestId } of named) expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
});

it('a push that M-Pesa is too busy for is sent again, and each attempt says so', async () => {
  const { test, lines } = await startLogging();
  await using _test = test;
  const id = await test.pay({ phoneNumber: reservedPayer(18) });
  await vi.waitFor(() => expect(stepsOf(lines, id)).toContain('payment changed 2 AWAITING_PAYER'));
  expect(stepsOf(lines, id).slice(0, 6)).toEqual([
    'payment requested 1',
    'push dispatched 1',
    'push answered 1',
    'push to be sent again 2',
    'push dispatched 2',
    'push answered 2',
  ]);
});

it('a payment whose callback does not come is asked about, and the question and its answer are lines', async () => {
  const { test, lines } = await startLogging({ firstLookMs: 100 });
  await using _test = test;
  const id = await test.pay({ phoneNumber: reservedPayer(10) });
  await vi.waitFor(() => expect(stepsOf(lines, id)).toContain('payment changed 1 COMPLETED'), 10_000);
  const asked = stepsOf(lines, id).filter((step) => step.startsWith('query'));
  expect(asked.slice(0, 2)).toEqual(['query asked ', 'query answered ']);
  expect(stepsOf(lines, id)).not.toContain('callback stored 1');
});

it('a watcher who looks again and again leaves no lines', async () => {
  const { test, lines } = await startLogging();
  await using _test = test;
  const id = await test.pay({ phoneNumber: reservedPayer(28) });
  await vi.waitFor(() => expect(stepsOf(lines, id)).toContain('payment changed 1 AWAITING_PAYER'));
  const before = lines.length;
  for (let look = 0; look < 20; look += 1) await test.read(id);
  expect(lines).toHaveLength(before);
});
