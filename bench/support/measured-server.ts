import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';
import { startChild, type Child } from './child-process.ts';
import type { ProcessReport } from './report-on-process.ts';

const root = new URL('../..', import.meta.url);

/** How to reach a Malipo, in a form that another process can be given. */
export type ServerAddress = { port: number; key: string; secret: string };

/** A Malipo in a process of its own, which can be asked what it takes. */
export type MeasuredServer = ServerAddress & AsyncDisposable & Pick<Child<ProcessReport>, 'ask' | 'pid'>;

/** With the simulator in it, on the database at `databaseUrl`. `env` comes on top. */
export async function startMeasuredServer(
  databaseUrl: string,
  env: NodeJS.ProcessEnv = {},
): Promise<MeasuredServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'malipo-bench-'));
  const port = await freePort();
  const key = 'mlp_test_key_of_the_benchmarks';
  const secret = 'the-secret-of-the-benchmarks-which-is-long-enough';
  const child = startChild<ProcessReport>(new URL('src/main.ts', root), {
    arguments: ['--expose-gc', '--import', new URL('report-on-process.ts', import.meta.url).href],
    cwd: fileURLToPath(root),
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl,
      DATA_DIR: dataDir,
      PORT: String(port),
      SIMULATOR_PORT: '0',
      BOOTSTRAP_API_KEY: key,
      MALIPO_SECRET: secret,
      LOG_LEVEL: 'warn',
      ...env,
    },
  });
  while (!(await isReady(port))) {
    if (!child.isAlive()) throw new Error('Malipo ended before it was ready');
    await sleep(50);
  }
  return {
    port,
    key,
    secret,
    pid: child.pid,
    ask: child.ask,
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok;
  } catch {
    return false;
  }
}
