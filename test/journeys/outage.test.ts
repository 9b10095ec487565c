import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellingLogger } from '../support/log-record.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../src/config/env.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { startScriptedServer } from '../daraja/support/scripted-daraja.ts';
import { canStartPostgres, startPostgres, type PostgresServer } from '../support/postgres-server.ts';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';
import { spawnServer, type ServerProcess } from '../support/server-process.ts';
import { simulatedPayment } from '../support/simulator.ts';
import {
  paymentInput,
  reservedPayer,
  rowId,
  TestApp,
  testKey,
  type TestOptions,
} from '../support/test-app.ts';
import { postgresAt, type TestDatabases } from '../support/test-database.ts';

let parts: AsyncDisposableStack;
let server: PostgresServer;
let dataDir: string;

beforeEach(async () => {
  parts = new AsyncDisposableStack();
  server = parts.use(await startPostgres());
  dataDir = await mkdtemp(join(tmpdir(), 'malipo-outage-'));
  parts.defer(() => rm(dataDir, { recursive: true }));
});
afterEach(() => parts.disposeAsync());

const secret = 'a-secret-of-at-least-thirty-two-characters';

const initiate =
  'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { transaction { id } } }';

async function ready(url: string, process: ServerProcess): Promise<void> {
  await vi.waitFor(async () => {
    expect((await fetch(`${url}/health/ready`)).status, process.output()).toBe(200);
  }, 20_000);
}

type LogLine = { level: number; msg: string; [name: string]: unknown };

/** A Malipo on the database of this test, and what it logs. */
async function startApp(options: TestOptions = {}) {
  const settings = postgresAt(server.url);
  const databases: TestDatabases = {
    name: 'postgresql',
    available: true,
    open: () => openDatabase(settings),
    settings: () => Promise.reject(new Error('not here')),
  };
  const lines: LogLine[] = [];
  const logger = tellingLogger((line) => lines.push(JSON.parse(line) as LogLine));
  const test = await TestApp.start({
    databases,
    ...options,
    // The payer is never asked about here: only callbacks speak.
    config: { ladderMs: [600_000, 600_000, 600_000], ...options.config },
    env: { DATA_DIR: dataDir, MALIPO_SECRET: secret, ...options.env },
    overrides: { logger, ...options.overrides },
  });
  parts.use(test);
  return { test, lines };
}

/** A payment whose payer has not decided, and where M-Pesa is to post what they do. */
async function openPayment(test: TestApp) {
  const id = await test.pay({ phoneNumber: reservedPayer(28) });
  const { checkoutRequestId } = await test.read(id);
  const { callbackUrl } = await simulatedPayment(test, checkoutRequestId);
  return { id, callbackUrl, checkoutRequestId: String(checkoutRequestId) };
}

let receipts = 0;

function successBody(checkoutRequestId: string): string {
  receipts += 1;
  const Item = [
    { Name: 'Amount', Value: 10 },
    { Name: 'MpesaReceiptNumber', Value: `UKO${String(receipts).padStart(7, '0')}` },
    { Name: 'TransactionDate', Value: 20261124101112 },
  ];
  const stkCallback = { CheckoutRequestID: checkoutRequestId, ResultCode: 0, ResultDesc: 'Success' };
  return JSON.stringify({ Body: { stkCallback: { ...stkCallback, CallbackMetadata: { Item } } } });
}

async function post(url: string, body: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(10_000) });
  return { status: response.status, body: await response.json() };
}

const success = { status: 200, body: { ResultCode: 0, ResultDesc: 'Success' } };

async function health(test: TestApp): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${test.url}/health/ready`, { signal: AbortSignal.timeout(10_000) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const spoolFiles = async () =>
  (await readdir(join(dataDir, 'spool'))).filter((name) => name.endsWith('.records'));

async function untilReplayed(test: TestApp): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(await health(test)).toEqual({ status: 200, body: { status: 'ready' } });
      expect(await spoolFiles()).toEqual([]);
    },
    { timeout: 20_000, interval: 50 },
  );
}

/** Each settled by one callback, which is stored once. */
async function expectPaidOnce(test: TestApp, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    expect(await test.read(id)).toMatchObject({
      status: 'COMPLETED',
      mpesaReceiptNumber: expect.stringMatching(/^UKO/),
      paidAt: '2026-11-24T07:11:12.000Z',
      attention: [],
      timeline: [{ status: 'REQUESTED' }, { status: 'AWAITING_PAYER' }, { status: 'COMPLETED', sequence: 3 }],
    });
    const evidence = await test.prisma.evidence.findMany({
      where: { transactionId: rowId(id), source: 'CALLBACK' },
    });
    expect(evidence).toMatchObject([{ verdict: 'APPLIED', repeats: 0 }]);
  }
}

describe.skipIf(!canStartPostgres)('while the database is away', () => {
  it('callbacks are answered, and settle their payments once it is back', async () => {
    const { test, lines } = await startApp();
    const payments = await Promise.all(Array.from({ length: 5 }, () => openPayment(test)));
    await untilReplayed(test);
    lines.length = 0;
    await server.stop();
    const answers = await Promise.all(
      payments.map(({ callbackUrl, checkoutRequestId }) => post(callbackUrl, successBody(checkoutRequestId))),
    );
    for (const answer of answers) expect(answer).toEqual(success);
    expect(await health(test)).toEqual({
      status: 200,
      body: {
        status: 'ready',
        degraded: true,
        reason: 'the database does not answer',
        spool: { records: 5, bytes: expect.any(Number) },
      },
    });
    await server.start();
    await untilReplayed(test);
    await expectPaidOnce(
      test,
      payments.map(({ id }) => id),
    );
    expect(lines.filter(({ msg }) => msg.includes('kept in the spool'))).toHaveLength(1);
    expect(lines.filter(({ msg }) => msg === 'the spool is empty again')).toMatchObject([
      { kept: 5, replayed: 5 },
    ]);
  });

  it('that hangs, callbacks are answered, and have one effect whether or not they were stored as well', async () => {
    const { test } = await startApp();
    const payments = await Promise.all(Array.from({ length: 5 }, () => openPayment(test)));
    await untilReplayed(test);
    await server.pause();
    const posting = payments.map(({ callbackUrl, checkoutRequestId }) =>
      post(callbackUrl, successBody(checkoutRequestId)),
    );
    for (const answer of await Promise.all(posting)) expect(answer).toEqual(success);
    expect(await health(test)).toMatchObject({
      status: 200,
      body: { degraded: true, reason: 'the database does not answer', spool: { records: 5 } },
    });
    // What was under way when it hung is committed now, beside the replay.
    await server.resume();
    await untilReplayed(test);
    await expectPaidOnce(
      test,
      payments.map(({ id }) => id),
    );
  });

  it('callbacks on the shared path are kept from allowed addresses, and refused from others', async () => {
    const allowed = await startApp();
    const { test: refusing } = await startApp({
      env: { CALLBACK_ALLOWED_IPS: '196.201.214.200' },
    });
    const { id, checkoutRequestId } = await openPayment(allowed.test);
    await server.pause();
    const body = successBody(checkoutRequestId);
    expect(await post(`${allowed.test.url}/mpesa/callback`, body)).toEqual(success);
    expect((await post(`${refusing.url}/mpesa/callback`, body)).status).toBe(403);
    await server.resume();
    await server.stop();
    expect((await post(`${refusing.url}/mpesa/callback`, body)).status).toBe(403);
    await server.start();
    await untilReplayed(allowed.test);
    await expectPaidOnce(allowed.test, [id]);
  });

  it('what Daraja answers to a push is kept, and ends as Daraja said', async () => {
    const checkoutRequestId = 'ws_CO_while_away';
    const ids = { MerchantRequestID: 'm-1', CheckoutRequestID: checkoutRequestId };
    const acceptance = {
      status: 200,
      said: { ...ids, ResponseCode: '0', ResponseDescription: 'Success', CustomerMessage: 'Success' },
    };
    const refusal = {
      status: 400,
      said: { requestId: 'r-1', errorCode: '400.002.02', errorMessage: 'Bad Request - Invalid Amount' },
    };
    await using daraja = await startScriptedServer((response, { url, body }) => {
      if (url.startsWith('/oauth/'))
        return void response.end(JSON.stringify({ access_token: 't', expires_in: '3599' }));
      // Only a push takes the database away: nothing else is asked here.
      expect(url).toContain('/stkpush/');
      const { status, said } = body.includes('ACCEPT') ? acceptance : refusal;
      response.statusCode = status;
      void server.stop().then(() => response.end(JSON.stringify(said)));
    });
    const { test } = await startApp({ env: { MPESA_BASE_URL: daraja.url, MPESA_ENVIRONMENT: 'simulator' } });
    const ends = async (accountReference: string, end: object) => {
      const input = paymentInput({ accountReference });
      const pushed = test.graphql(initiate, { input });
      await vi.waitFor(
        async () => expect((await health(test)).body).toMatchObject({ spool: { records: 1 } }),
        10_000,
      );
      await pushed;
      await server.start();
      await untilReplayed(test);
      const row = await test.prisma.transaction.findFirstOrThrow({ where: { accountReference } });
      expect(row).toMatchObject(end);
    };
    await ends('REFUSE', { status: 'FAILED' });
    await ends('ACCEPT', { status: 'AWAITING_PAYER', checkoutRequestId });
  });

  it('and nothing can be written either, callbacks are answered 503, until one of them is back', async () => {
    const { test, lines } = await startApp();
    const { id, callbackUrl, checkoutRequestId } = await openPayment(test);
    const folder = join(dataDir, 'spool');
    await rename(folder, `${folder}.away`);
    await writeFile(folder, 'a file, of all things');
    expect(await health(test)).toMatchObject({
      status: 200,
      body: { degraded: true, reason: 'the spool is full or cannot be written to' },
    });
    await server.stop();
    const body = successBody(checkoutRequestId);
    expect((await post(callbackUrl, body)).status).toBe(503);
    expect((await post(callbackUrl, body)).status).toBe(503);
    expect(lines.filter(({ msg }) => msg.includes('neither'))).toHaveLength(1);
    expect(await health(test)).toMatchObject({ status: 503, body: { status: 'unready' } });

    await rm(folder);
    await rename(`${folder}.away`, folder);
    expect(await post(callbackUrl, body)).toEqual(success);
    expect((await health(test)).status).toBe(200);
    await server.start();
    await untilReplayed(test);
    await expectPaidOnce(test, [id]);
  });

  it('a full spool refuses callbacks, and takes them again when the database has what it held', async () => {
    const { test } = await startApp({ config: { spoolBytesMax: 300_000 } });
    const { id, callbackUrl, checkoutRequestId } = await openPayment(test);
    await server.stop();
    const large = 'x'.repeat(60_000);
    let fits = 0;
    while ((await post(callbackUrl, `${large}${fits}`)).status === 200) fits += 1;
    expect(fits).toBeGreaterThan(1);
    expect((await health(test)).status).toBe(503);
    await server.start();
    await untilReplayed(test);
    expect(await test.prisma.evidence.count({ where: { transactionId: rowId(id) } })).toBe(fits);
    await server.stop();
    expect(await post(callbackUrl, successBody(checkoutRequestId))).toEqual(success);
    await server.start();
    await untilReplayed(test);
    expect(await test.read(id)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe.skipIf(!canStartPostgres)('a server that is killed with callbacks in its spool', () => {
  /** Settings that any number of servers may be started with. */
  async function settings(simulatorPort = '0'): Promise<{ url: string; env: Env }> {
    const port = String(await freePort());
    const shared = { DATA_DIR: dataDir, DATABASE_URL: server.url, MALIPO_SECRET: secret };
    const env = { ...shared, BOOTSTRAP_API_KEY: testKey, PORT: port, SIMULATOR_PORT: simulatorPort };
    return { url: `http://127.0.0.1:${port}`, env: { ...env, MPESA_ENVIRONMENT: 'simulator' } };
  }

  it('replays them when it is started again, or another that shares its folder does', async () => {
    // Payments are made here; the servers only receive.
    const { test } = await startApp();
    const payments = [await openPayment(test), await openPayment(test)];
    const one = await settings();
    const first = parts.use(spawnServer(one.env));
    await ready(one.url, first);
    await server.stop();
    for (const { callbackUrl, checkoutRequestId } of payments) {
      const path = new URL(callbackUrl).pathname;
      expect(await post(`${one.url}${path}`, successBody(checkoutRequestId))).toEqual(success);
    }
    await first.kill('SIGKILL');
    expect(await spoolFiles()).toHaveLength(1);
    await server.start();
    // The test's own server is one that shares the folder: it adopts within ten seconds, unless the restarted is faster.
    const again = parts.use(spawnServer(one.env));
    await ready(one.url, again);
    await vi.waitFor(async () => expect(await spoolFiles()).toEqual([]), { timeout: 20_000, interval: 100 });
    await expectPaidOnce(
      test,
      payments.map(({ id }) => id),
    );
  });
});
