import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { readSimulatorSettings } from '../../src/simulator/settings.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { CallbackInbox } from './support/callback-inbox.ts';
import { TestApp, reserved } from './support/test-app.ts';
import { recordOutput } from '../support/log-record.ts';

const main = new URL('../../src/simulator/main.ts', import.meta.url).pathname;

describe('a simulator', () => {
  it('closes twice, and with callbacks and prompts under way', async () => {
    await using app = await TestApp.open({ delayMs: 60_000 });
    // Takes the callback and never answers.
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const CallBackURL = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
    const taken = once(silent, 'request');
    const push = app.push(reserved(13), { CallBackURL }).catch(() => null);
    await app.push(reserved(0));
    await taken;
    await Promise.all([app.simulator.close(), app.simulator.close()]);
    await push;
    silent.close();
    await expect(fetch(`${app.simulator.url}/_simulator`)).rejects.toThrow('fetch failed');
  });

  it('rejects when its port is taken', async () => {
    await using app = await TestApp.open();
    const port = Number(new URL(app.simulator.url).port);
    await expect(createSimulator({ ...readSimulatorSettings({}), port })).rejects.toThrow('EADDRINUSE');
  });

  it('has nothing in common with another one', async () => {
    await using one = await TestApp.open();
    await using other = await TestApp.open();
    other.token = one.token;
    expect(await other.push(reserved(0))).toMatchObject({ status: 404 });
    expect(await other.payments()).toEqual([]);
  });
});

describe('npm run simulator', () => {
  it('says where it listens, and ends on SIGTERM though a payer still thinks', async () => {
    const child = start([], { SIMULATOR_PORT: '0', SIMULATOR_DELAY_MS: '600000' });
    const [greeting] = (await once(child.stdout, 'data')) as [Buffer];
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(greeting))?.[0] ?? '';
    expect(String(greeting)).toContain('not M-Pesa');
    await using inbox = await CallbackInbox.open();
    const app = new TestApp({ url } as Simulator, inbox);
    await app.authenticate();
    expect(await app.push(reserved(0))).toMatchObject({ status: 200 });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('prints help', async () => {
    const child = start(['--help'], {});
    expect(await text(child.stdout)).toContain('SIMULATOR_QUERY_LIMIT_PER_MINUTE');
  });

  it('ends with one message about every bad setting', async () => {
    const child = start([], { SIMULATOR_PORT: 'x', SIMULATOR_DELAY_MS: 'y' });
    const [message, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(code).toBe(1);
    expect(message).toMatch(/^The simulator cannot start: SIMULATOR_PORT .*; SIMULATOR_DELAY_MS .*\n$/);
  });
});

function start(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [main, ...args], { env });
  recordOutput(child);
  return child;
}
