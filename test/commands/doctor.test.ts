import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { payload } from '../daraja/support/payload.ts';
import { answerWith, startScriptedServer } from '../daraja/support/scripted-daraja.ts';
import { pushesSent, tokensGiven } from '../support/simulator.ts';
import { TestApp } from '../support/test-app.ts';

const command = fileURLToPath(new URL('../../src/commands/doctor.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'malipo-doctor-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the command as npm does, without a terminal, in an empty folder. */
async function doctor(args: string[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    timeout: 25_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

type Found = { check: string; status: string; code: string; saw: string; means: string; todo: string | null };

async function findings(env: Record<string, string>): Promise<{ code: number | null; found: Found[] }> {
  const { code, stdout } = await doctor(['--json'], env);
  return { code, found: JSON.parse(stdout) };
}

/** Settings with which `test` is the server that they start. */
const settingsOf = (test: TestApp) => ({
  PORT: new URL(test.url).port,
  SIMULATOR_PORT: new URL(test.app.simulatorUrl ?? '').port,
});

const statusOf = (found: Found[], name: string) => found.find(({ check }) => check === name)?.status;

describe('beside a running server with the simulator', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await TestApp.start();
  });
  afterAll(() => test[Symbol.asyncDispose]());

  it('all is well, one line for each check', async () => {
    const { code, stdout, stderr } = await doctor([], settingsOf(test));
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^ok +credentials +The simulator gave an access token\.$/m);
    expect(stdout).toMatch(/^ok +passkey .*Invalid CheckoutRequestID/m);
    expect(stdout).toMatch(/^ok +callback-reach /m);
    expect(stdout).toMatch(/^0 problems, 0 warnings, 0 skipped, 24 ok$/m);
    expect(code).toBe(0);
  });

  it('nobody is prompted, and nothing is made', async () => {
    await doctor([], settingsOf(test));
    expect(await pushesSent(test)).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("with the simulator's limits on", () => {
  it('a query that is one too many is told, and is no problem', async () => {
    await using test = await TestApp.start({ simulator: { queryLimitPerMinute: 5 } });
    const first = await findings(settingsOf(test));
    expect(statusOf(first.found, 'passkey')).toBe('ok');
    const second = await findings(settingsOf(test));
    expect(second.found.find(({ check }) => check === 'product')).toMatchObject({
      status: 'warning',
      code: 'DARAJA_BUSY',
      saw: expect.stringMatching(/Spike arrest/),
    });
    expect(statusOf(second.found, 'passkey')).toBe('skipped');
    expect(second.code).toBe(0);
  });

  it('a server whose token the doctor cancels goes on with another', async () => {
    await using test = await TestApp.start({ simulator: { newTokenCancelsOld: true, subscriberLock: true } });
    const id = await test.pay();
    expect((await test.watchToEnd(id)).at(-1)?.status).toBe('COMPLETED');
    expect((await findings(settingsOf(test))).code).toBe(0);
    const next = await test.pay({ phoneNumber: '254712345679' });
    expect((await test.watchToEnd(next)).at(-1)?.status).toBe('COMPLETED');
    // The server's, the doctor's, and the server's next.
    expect(await tokensGiven(test)).toBe(3);
  });
});

describe('without a server', () => {
  it('what cannot be seen is skipped, and is no problem', async () => {
    const { code, stdout } = await doctor([], { PORT: '1', SIMULATOR_PORT: '1' });
    expect(stdout).toMatch(/^skipped +credentials +The built-in simulator does not answer/m);
    expect(stdout).toMatch(/Do: npm start, and run the doctor again\.$/m);
    expect(stdout).toMatch(/^0 problems, 0 warnings, 7 skipped, 17 ok$/m);
    expect(code).toBe(0);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a problem', () => {
  const secrets = {
    MPESA_CONSUMER_KEY: 'the-consumer-key',
    MPESA_CONSUMER_SECRET: 'the-consumer-secret',
    MPESA_PASSKEY: 'the-passkey',
    BOOTSTRAP_API_KEY: 'the-key-that-opens-everything',
    MALIPO_SECRET: 'the-secret-that-keys-callbacks-and-tokens',
  };

  it('is told with what it means, what to do and its code, ends with 1, and holds up no other check', async () => {
    await using daraja = await startScriptedServer(answerWith(400, payload('error-13')));
    const env = {
      ...secrets,
      MPESA_BASE_URL: daraja.url,
      PORT: '1',
      DATABASE_URL: 'postgresql://127.0.0.1:1/m',
    };
    const { code, stdout } = await doctor([], env);
    expect(stdout).toMatch(/^PROBLEM +credentials .*400\.008\.01 "Invalid Authentication passed"/m);
    expect(stdout).toMatch(/^ +Without an access token no payment can be asked for\.$/m);
    expect(stdout).toMatch(/^ +Do: Copy both again/m);
    expect(stdout).toMatch(/^ +CREDENTIALS_WRONG$/m);
    expect(stdout).toMatch(/^PROBLEM +database /m);
    expect(stdout).toMatch(/^ok +redis /m);
    expect(stdout).toMatch(/^2 problems, /m);
    expect(code).toBe(1);
    for (const secret of Object.values(secrets)) expect(stdout).not.toContain(secret);
  });

  it('of the settings is one for each, and what does not depend on them is looked at all the same', async () => {
    const { code, found } = await findings({
      ...secrets,
      // Without it, Safaricom itself would be asked.
      MPESA_CONSUMER_KEY: '',
      MPESA_ENVIRONMENT: 'sandbox',
      CALLBACK_BASE_URL: 'https://mpesa.example.com',
      SPOOL_MAX_MB: 'much',
    });
    expect(code).toBe(1);
    expect(found.filter(({ check }) => check === 'settings').map(({ saw }) => saw)).toEqual([
      expect.stringMatching(/^CALLBACK_BASE_URL must not contain "mpesa"/),
      'SPOOL_MAX_MB must be a whole number from 1 to 1000000.',
      'MPESA_CONSUMER_KEY is missing.',
      'MPESA_BUSINESS_SHORTCODE is missing.',
    ]);
    expect(statusOf(found, 'callback-url')).toBe('skipped');
    expect(statusOf(found, 'disk')).toBe('skipped');
    expect(statusOf(found, 'credentials')).toBe('skipped');
    expect(found.map((finding) => finding.code)).toContain('BOOTSTRAP_KEY_PRESENT');
    expect(statusOf(found, 'redis')).toBe('ok');
  });
});

describe('the arguments', () => {
  it('--help tells of every option and of what is never done', async () => {
    const { code, stdout } = await doctor(['--help']);
    for (const text of ['--json', '--help', 'no prompt goes to a phone']) expect(stdout).toContain(text);
    expect(code).toBe(0);
  });

  it('that are unknown are refused without a stack', async () => {
    const { code, stderr } = await doctor(['--fix']);
    expect(stderr).toMatch(/Unknown option '--fix'/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });
});
