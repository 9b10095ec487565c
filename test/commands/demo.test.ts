import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reservedPayer, TestApp, testKey } from '../support/test-app.ts';

const command = fileURLToPath(new URL('../../src/commands/demo.ts', import.meta.url));

/** Runs the command as npm does, without a terminal; Ctrl+C once it has said `stopAt`. */
async function demo(args: string[], env: Record<string, string> = {}, stopAt?: RegExp) {
  const child = spawn(process.execPath, [command, ...args], {
    env: { PATH: process.env['PATH'], MALIPO_KEY: testKey, ...env },
    timeout: 20_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (stopAt?.test(stdout) && !child.killed) child.kill('SIGINT');
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

let test: TestApp;
beforeAll(async () => {
  // The callback is to settle, not a query.
  test = await TestApp.start({ simulator: { delayMs: 1_500 }, config: { ladderMs: [60_000] } });
});
afterAll(() => test[Symbol.asyncDispose]());

it('shows a payment change and ends with its receipt', async () => {
  const { code, stdout, stderr } = await demo(['--url', test.url]);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Malipo \d+\.\d+\.\d+ at http:\S+ {2}\(simulator: no money moves\)$/m);
  expect(stdout).toMatch(/^ +\d+ ms +asking 254700000000 for KES 10$/m);
  expect(stdout).toMatch(/^ +\d+ ms {2}AWAITING_PAYER +Enter your M-PESA PIN/m);
  expect(stdout).toMatch(/^ +\d+ ms {2}COMPLETED +Paid\. Thank you\.$/m);
  expect(stdout).toMatch(/^Paid KES 10\.00\. Receipt \w{10}\.$/m);
  expect(code).toBe(0);
});

it('takes another phone and amount, and says why a payment was not made', async () => {
  const { code, stdout } = await demo(['--url', test.url, '--phone', reservedPayer(1), '--amount', '25']);
  expect(stdout).toMatch(new RegExp(`asking ${reservedPayer(1)} for KES 25`));
  expect(stdout).toMatch(/FAILED +There is not enough money/);
  expect(stdout).toMatch(/^Not paid: INSUFFICIENT_FUNDS \(M-Pesa's code 1\)$/m);
  expect(stdout).toMatch(/run the demo again/);
  expect(code).toBe(1);
});

it('follows a payment through a lost connection, and shows every change once', async () => {
  await using proxy = await startProxy(test.url);
  const running = demo(['--url', proxy.url, '--phone', reservedPayer(28)]);
  await expect.poll(() => proxy.toldOfPayer(), { timeout: 15_000 }).toBe(true);
  proxy.dropAll();
  const { checkoutRequestId } = await test.prisma.transaction.findFirstOrThrow({
    where: { phoneNumber: reservedPayer(28) },
  });
  const paid = await fetch(
    `${String(test.app.simulatorUrl)}/_simulator/payments/${String(checkoutRequestId)}/decide`,
    { method: 'POST', body: JSON.stringify({ decision: 'pay' }) },
  );
  expect(paid.status).toBe(200);
  const { code, stdout, stderr } = await running;
  expect(stderr).toBe('');
  expect(stdout.match(/AWAITING_PAYER/g)).toHaveLength(1);
  expect(stdout).toMatch(/the connection is lost; connecting again/);
  expect(stdout.match(/COMPLETED/g)).toHaveLength(1);
  expect(code).toBe(0);
});

it('stays with a payment that nobody can vouch for until it is stopped', async () => {
  const args = ['--url', test.url, '--phone', reservedPayer(20)];
  const { code, stdout, stderr } = await demo(args, {}, /Ctrl\+C/);
  expect(stdout).toMatch(/UNCONFIRMED +We do not know yet/);
  expect(stdout).toMatch(/Ctrl\+C stops that, and the payment goes on/);
  expect(stderr).toMatch(/Stopped watching\. The payment goes on without us/);
  expect(code).toBe(1);
});

describe('the key', () => {
  it('is the development key of DATA_DIR where none is given', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'malipo-demo-'));
    await writeFile(join(dataDir, 'development-key'), testKey);
    const { code } = await demo(['--url', test.url], { MALIPO_KEY: '', DATA_DIR: dataDir });
    await rm(dataDir, { recursive: true });
    expect(code).toBe(0);
  });

  it('that is nowhere is asked for', async () => {
    const { code, stderr } = await demo(['--url', test.url], { MALIPO_KEY: '', DATA_DIR: '/nowhere' });
    expect(stderr).toMatch(/There is no key: \/nowhere\/development-key cannot be read/);
    expect(code).toBe(1);
  });

  it('that the server does not know is said to be refused', async () => {
    const { code, stderr } = await demo(['--url', test.url, '--key', 'mlp_test_of_another_server']);
    expect(stderr).toMatch(/refused the key/);
    expect(stderr).not.toMatch(/mlp_test_of/);
    expect(code).toBe(1);
  });
});

describe('what the user can mend is said without a stack', () => {
  it.each([
    {
      args: ['--url', 'http://127.0.0.1:1'],
      says: /No Malipo answers at http:\/\/127\.0\.0\.1:1 \(.+\)\.\nStart it/,
    },
    { args: ['--url', 'example'], says: /--url must be an address/ },
    { args: ['--amount', '1.50'], says: /--amount must be whole shillings/ },
    { args: ['--speed', '9'], says: /Unknown option '--speed'/ },
  ])('$args', async ({ args, says }) => {
    const { code, stderr } = await demo(args);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });

  it('what the server refuses, field by field', async () => {
    const { code, stderr } = await demo(['--url', test.url, '--phone', '123', '--amount', '0']);
    expect(stderr).toMatch(/^ {2}phoneNumber: Give a Safaricom number/m);
    expect(stderr).toMatch(/^ {2}amount: Give whole Kenyan shillings/m);
    expect(code).toBe(1);
  });
});

it('--help tells of every option', async () => {
  const { code, stdout } = await demo(['--help']);
  for (const option of ['--url', '--phone', '--amount', '--key']) expect(stdout).toContain(option);
  expect(code).toBe(0);
});

/** Stands between the command and the server, to cut the line. */
async function startProxy(target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let heard = '';
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    far.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
    near.pipe(far);
    far.pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    toldOfPayer: () => heard.includes('"status":"AWAITING_PAYER"'),
    dropAll,
    async [Symbol.asyncDispose]() {
      dropAll();
      server.close();
      await once(server, 'close');
    },
  };
}
