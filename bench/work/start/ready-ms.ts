import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../src/commands/crash-test/servers/free-port.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** How often readiness is asked for, in milliseconds: what is measured is as exact as this. */
const pauseMs = 5;
const patienceMs = 60_000;

/** Starts a Malipo as `npm start` does, and answers with the milliseconds until it says that it is ready; then ends it. */
export async function readyMs(env: NodeJS.ProcessEnv): Promise<number> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'error', SIMULATOR_PORT: '0', ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  while (!(await isReady(port))) {
    const isLost = child.exitCode !== null || performance.now() - startedAt > patienceMs;
    if (isLost) throw new Error('Malipo did not become ready');
    await sleep(pauseMs);
  }
  const ms = performance.now() - startedAt;
  child.kill('SIGTERM');
  await exited;
  return ms;
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path: '/health/ready', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });
}
