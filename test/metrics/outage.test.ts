import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../src/database/open-database.ts';
import { scrape } from '../support/scrape.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { reservedPayer, TestApp, testKey } from '../support/test-app.ts';
import { postgresAt, postgresql, type TestSettings } from '../support/test-database.ts';

describe.skipIf(!postgresql.available)('while PostgreSQL is away', () => {
  let own: TestSettings;
  let proxy: TcpProxy;
  let test: TestApp;

  beforeAll(async () => {
    own = await postgresql.settings();
    if (own.settings.kind !== 'postgresql') throw new Error('It is PostgreSQL');
    proxy = await startTcpProxy(own.settings.url);
    const { url } = proxy;
    test = await TestApp.start({
      databases: { ...postgresql, open: () => openDatabase(postgresAt(url)) },
      config: { hints: { kind: 'memory' }, metrics: { port: 0, isPortShared: false } },
      simulator: { delayMs: 300 },
    });
  });
  afterAll(async () => {
    proxy.heal();
    await test[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const metricsUrl = (): string => test.app.metricsUrl ?? expect.fail('It has a port of its own');

  it('a scrape is answered, says so, counts what is spooled, and shows nothing old', async () => {
    const before = await scrape(metricsUrl());
    expect(before.value('malipo_database_up')).toBe(1);
    expect(before.value('malipo_open_payments', { status: 'REQUESTED', age: 'under_2m' })).toBe(0);

    const id = await test.pay({ phoneNumber: reservedPayer(0) });
    proxy.refuse();
    await vi.waitFor(async () => {
      const during = await scrape(metricsUrl());
      expect(during.value('malipo_callback_durable_seconds_count', { where: 'spool' })).toBe(1);
      expect(during.value('malipo_spool_records')).toBe(1);
      expect(during.value('malipo_spool_bytes')).toBeGreaterThan(100);
      expect(during.value('malipo_inbox_database_away')).toBe(1);
      expect(during.value('malipo_database_up')).toBe(0);
      expect(during.sum('malipo_payments_settled_total')).toBe(0);
    }, 20_000);

    // What was read before is good for some seconds; then it is left out.
    await vi.waitFor(async () => {
      const later = await scrape(metricsUrl());
      expect(later.labelValues('malipo_open_payments', 'status')).toEqual([]);
      expect(later.value('malipo_queries_due')).toBeNaN();
      expect(later.value('malipo_query_slots_taken_total')).toBe(0);
    }, 20_000);

    proxy.heal();
    await test.watchToEnd(id);
    const after = await scrape(metricsUrl());
    expect(after.sum('malipo_payments_settled_total')).toBe(1);
    await vi.waitFor(async () => {
      const emptied = await scrape(metricsUrl());
      expect(emptied.value('malipo_spool_records')).toBe(0);
      expect(emptied.value('malipo_inbox_database_away')).toBe(0);
      expect(emptied.value('malipo_database_up')).toBe(1);
    }, 20_000);
  }, 60_000);

  it('a scrape waits for no database that answers nothing', async () => {
    proxy.freeze();
    const during = await scrape(metricsUrl());
    expect(during.value('malipo_database_up')).toBe(0);
    // With the one key that needs no look at the database, on the main port too.
    expect((await scrape(test.url, testKey)).value('malipo_database_up')).toBe(0);
    const unknown = await fetch(`${test.url}/metrics`, {
      headers: { authorization: 'Bearer mlp_test_other' },
    });
    expect(unknown.status).toBe(503);
    proxy.heal();
  }, 30_000);
});
