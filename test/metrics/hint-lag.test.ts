import { describe, expect, it, vi } from 'vitest';
import { startDeployment } from '../support/deployment.ts';
import { scrape } from '../support/scrape.ts';
import { reservedPayer, testKey } from '../support/test-app.ts';
import { postgresql } from '../support/test-database.ts';

describe.skipIf(!postgresql.available)('two processes on one PostgreSQL', () => {
  it('each measure how long their own hints took, and agree on how payments stand', async () => {
    await using deployment = await startDeployment({ hints: (url) => ({ kind: 'postgresql', url }) });
    const [one, other] = deployment.apps;
    await vi.waitFor(async () => {
      expect((await scrape(one.url, testKey)).value('malipo_hints_linked')).toBe(1);
      expect((await scrape(other.url, testKey)).value('malipo_hints_linked')).toBe(1);
    }, 10_000);
    const id = await one.pay({ phoneNumber: reservedPayer(0) });
    await other.watchToEnd(id);
    await vi.waitFor(async () => {
      // Accepted and called back: two changes, of which one hint may tell.
      const lags = (await scrape(one.url, testKey)).value('malipo_hint_lag_seconds_count');
      expect(lags).toBeGreaterThan(0);
      expect(lags).toBeLessThanOrEqual(2);
    });
    expect((await scrape(other.url, testKey)).value('malipo_hint_lag_seconds_count')).toBe(0);
    const open = { status: 'AWAITING_PAYER', age: 'under_2m' };
    await one.pay({ phoneNumber: reservedPayer(28) });
    await vi.waitFor(async () => {
      for (const app of deployment.apps)
        expect((await scrape(app.url, testKey)).value('malipo_open_payments', open)).toBe(1);
    }, 15_000);
  }, 40_000);

  it('says when hints reach nobody', async () => {
    await using deployment = await startDeployment({
      hints: () => ({ kind: 'postgresql', url: 'postgresql://postgres@127.0.0.1:1/none' }),
    });
    for (const app of deployment.apps)
      expect((await scrape(app.url, testKey)).value('malipo_hints_linked')).toBe(0);
  });
});
