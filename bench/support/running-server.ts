import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A Malipo in a process of its own, with its simulator, as people start it. */
export type RunningServer = AsyncDisposable & { url: string; key: string; secret: string };

/** On the database that DATABASE_URL names, or on an embedded one that is thrown away. */
export async function startServer(env: Record<string, string> = {}): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'malipo-bench-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const key = 'mlp_test_key_of_the_benchmarks';
  const secret = 'the-secret-of-the-benchmarks-which-is-long-enough';
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: process.env['DATABASE_URL'],
      DATA_DIR: dataDir,
      PORT: new URL(url).port,
      SIMULATOR_PORT: '0',
      BOOTSTRAP_API_KEY: key,
      MALIPO_SECRET: secret,
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error('The server ended before it was ready');
    await sleep(100);
  }
  return {
    url,
    key,
    secret,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false;
  }
}
