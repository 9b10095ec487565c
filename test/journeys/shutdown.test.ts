import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';
import { spawnServer } from '../support/server-process.ts';
import { reservedPayer, TestApp } from '../support/test-app.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'malipo-shutdown-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

describe('an order to stop', () => {
  it('cuts no request on a connection that is kept open, and is seen by balancers before', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${String(port)}`;
    await using server = spawnServer({ DATA_DIR: dataDir, PORT: String(port), SIMULATOR_PORT: '0' });
    const isReady = async () => (await fetch(`${url}/health/ready`)).status === 200;
    await vi.waitFor(async () => expect(await isReady()).toBe(true), 20_000);

    let answered = 0;
    /** As a balancer does: over one connection, and no more once it hears that the server is not ready. */
    async function askUntilItStops(pool: Pool): Promise<number> {
      for (;;) {
        const { statusCode, body } = await pool.request({ path: '/health/ready', method: 'GET' });
        await body.dump();
        answered += 1;
        if (statusCode !== 200) return statusCode;
      }
    }
    const pools = Array.from({ length: 30 }, () => new Pool(url, { connections: 1 }));
    const asking = Promise.all(pools.map(askUntilItStops));
    await vi.waitFor(() => expect(answered).toBeGreaterThan(500), 15_000);
    const [code, told] = await Promise.all([server.kill('SIGTERM'), asking]);
    expect(code, server.output()).toBe(0);
    expect(new Set(told)).toEqual(new Set([503]));
    await Promise.all(pools.map((pool) => pool.destroy()));
  });

  it('answers what was asked on a socket, and then sends its client elsewhere', async () => {
    const test = await TestApp.start();
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const closed = Promise.withResolvers<unknown>();
    const socket = test.socket();
    socket.on('closed', (event) => closed.resolve((event as { code: number }).code));
    const watching = socket.iterate({
      query: 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { status } }',
      variables: { id },
    });
    await watching.next();
    const waiting = socket.iterate({
      query: 'query ($id: ID!) { awaitPayment(transactionId: $id, timeoutSeconds: 50) { status } }',
      variables: { id },
    });
    const answer = waiting.next();
    // Until the server has it: whatever is answered after it on the same socket shows that.
    await socket.iterate({ query: '{ server { version } }' }).next();
    await test[Symbol.asyncDispose]();
    expect((await answer).value).toEqual({ data: { awaitPayment: { status: 'AWAITING_PAYER' } } });
    expect(await closed.promise).toBe(1001);
    await expect(watching.next()).rejects.toMatchObject({ code: 1001 });
  });

  it('is not held up by a connection on which nothing was ever asked', async () => {
    const test = await TestApp.start();
    const silent = connect(Number(new URL(test.url).port), '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const ended = new Promise((resolve) => silent.once('close', resolve));
    silent.on('error', () => undefined);
    await test[Symbol.asyncDispose]();
    await ended;
  }, 10_000);
});
