import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type MalipoProcess = AsyncDisposable & { url: string };

/** A Malipo in a process of its own; resolves when it is ready. */
export async function startMalipo(env: NodeJS.ProcessEnv): Promise<MalipoProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'error', ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  const malipo = {
    url,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || !child.kill('SIGTERM')) return;
      await once(child, 'exit');
    },
  };
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error('Malipo did not start');
    await sleep(100);
  }
  return malipo;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false;
  }
}
