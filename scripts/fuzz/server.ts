import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';
import type { Target } from './target.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type AttackedServer = AsyncDisposable &
  Target & {
    secret: string;
    dataDir: string;
    isAlive(): boolean;
    /** What is in use after the garbage was collected, in megabytes. */
    heapMb(): Promise<number>;
    /** What the process takes from the machine now, in megabytes. */
    residentMb(): Promise<number>;
  };

/** On a signal the server collects its garbage and says what is left; nothing of Malipo itself knows of it. */
const reporter = `process.on('SIGUSR2', () => { gc(); gc(); const { heapUsed, external } = process.memoryUsage();
  process.stderr.write('HEAP ' + (heapUsed + external) + '\\n'); });`;

/** A Malipo with its simulator in a process of its own, on an embedded database unless `env` names another. */
export async function startAttackedServer(env: NodeJS.ProcessEnv = {}): Promise<AttackedServer> {
  const port = await freePort();
  const dataDir = await mkdtemp(join(tmpdir(), 'malipo-attacked-'));
  const key = 'mlp_test_key_of_the_attacked_server';
  const secret = 'a-secret-of-at-least-thirty-two-characters';
  const arguments_ = ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(reporter)}`];
  const child = spawn(process.execPath, [...arguments_, 'src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'error',
      DATA_DIR: dataDir,
      BOOTSTRAP_API_KEY: key,
      MALIPO_SECRET: secret,
      SIMULATOR_PORT: String(await freePort()),
      ...env,
      PORT: String(port),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const heaps: number[] = [];
  child.stderr.on('data', (chunk: Buffer) => {
    const [, bytes] = /^HEAP (\d+)/m.exec(String(chunk)) ?? [];
    if (bytes !== undefined) heaps.push(Number(bytes) / 1024 / 1024);
    else process.stderr.write(chunk);
  });
  const url = `http://127.0.0.1:${port}`;
  const http = new Pool(url, { connections: 64 });
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const server: AttackedServer = {
    url,
    http,
    key,
    secret,
    dataDir,
    isAlive,
    async heapMb() {
      const before = heaps.length;
      child.kill('SIGUSR2');
      while (heaps.length === before && isAlive()) await sleep(20);
      return Math.round(heaps.at(-1) ?? 0);
    },
    async residentMb() {
      const status = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8');
      return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024);
    },
    async [Symbol.asyncDispose]() {
      await http.close();
      if (isAlive() && child.kill('SIGTERM')) await once(child, 'exit');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  while (!(await isReady(url))) {
    if (!isAlive()) throw new Error('Malipo did not start');
    await sleep(100);
  }
  return server;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false;
  }
}
