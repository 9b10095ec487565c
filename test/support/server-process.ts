import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Env } from '../../src/config/env.ts';
import { recordOutput, recordSecretsOfEnv } from './log-record.ts';

const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A Malipo as people start it: a process of its own, which can be killed. */
export type ServerProcess = AsyncDisposable & {
  pid: number;
  output(): string;
  /** Resolves with the exit code, or null when a signal ended it. */
  exit: Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
};

export function spawnServer(env: Env, args: readonly string[] = []): ServerProcess {
  const child = spawn(node, ['src/main.ts', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  recordSecretsOfEnv(env);
  recordOutput(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += String(text)));
  const exit = exitOf(child);
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exit;
  };
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exit,
    kill,
    async [Symbol.asyncDispose]() {
      await kill('SIGKILL');
    },
  };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
