import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../src/commands/crash-test/servers/free-port.ts';

export type Program = {
  /** What it is called when something is wrong with it. */
  name: string;
  /** A file that this very Node runs. */
  file: string;
  nodeArgs?: readonly string[];
  args?: readonly string[];
  /** The variable that says where to listen; PORT without it. */
  portName?: string;
  /** Beside the port and DATA_DIR, a folder that is thrown away. */
  env: { [name: string]: string };
  /** What answers anything but 503 when the program is ready. */
  readyPath: string;
};

export type RunningProgram = AsyncDisposable & { pid: number; port: number; url: string };

const startMsMax = 60_000;

/** A server in a process of its own, once it is ready. */
export async function startProgram(program: Program): Promise<RunningProgram> {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'malipo-bench-'));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const child = run(program, port, folder);
  const exited = once(child, 'exit');
  parts.defer(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  const endsAt = performance.now() + startMsMax;
  while (!(await isReady(url + program.readyPath))) {
    if (child.exitCode !== null || performance.now() > endsAt) {
      throw new Error(`${program.name} did not start:\n${readFileSync(join(folder, 'errors'), 'utf8')}`);
    }
    await sleep(50);
  }
  const running = parts.move();
  return { pid: child.pid ?? 0, port, url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function run(
  { file, nodeArgs = [], args = [], portName = 'PORT', env }: Program,
  port: number,
  folder: string,
) {
  const errors = openSync(join(folder, 'errors'), 'a');
  const child = spawn(process.execPath, [...nodeArgs, file, ...args], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      [portName]: `${port}`,
      DATA_DIR: folder,
      ...env,
    },
    stdio: ['ignore', 'ignore', errors],
  });
  closeSync(errors);
  return child;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status !== 503;
  } catch {
    return false;
  }
}
