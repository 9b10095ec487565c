import { Pool } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runAttacks } from '../../scripts/fuzz/run-attacks.ts';
import { TestApp, testKey } from '../support/test-app.ts';

/** The short form of `npm run fuzz`. */

const count = 3_000;
const seed = 1;

let test: TestApp;
let http: Pool;
beforeAll(async () => {
  test = await TestApp.start();
  http = new Pool(test.url, { connections: 8 });
});
afterAll(async () => {
  await http.close();
  await test[Symbol.asyncDispose]();
});

it(`of ${count} bad requests none is the server’s fault, and none does anything`, async () => {
  const watched = await test.pay({ phoneNumber: '254700000028' });
  const { sent, outcomes, failures } = await runAttacks(
    { url: test.url, http, key: testKey },
    { count, seed, atOnce: 8, perSecond: 10_000 },
  );
  expect(failures).toEqual([]);
  expect(sent).toBe(count);
  // Each kind was refused in more ways than one: they reached what they were aimed at.
  for (const [kind, ways] of Object.entries(outcomes))
    expect([kind, Object.keys(ways).length > 1]).toEqual([kind, true]);
  expect(await test.prisma.transaction.count()).toBe(1);
  expect(await test.prisma.evidence.count({ where: { transactionId: { not: null } } })).toBe(0);
  expect(await test.read(watched)).toMatchObject({ status: 'AWAITING_PAYER', sequence: 2 });
}, 120_000);
