import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export type Command = {
  file: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Whose process it is to be; ours without it. */
  user?: { uid: number; gid: number };
  /** What it says goes to the end of this file. */
  log: string;
};

/** A process that we started. It ends with us, however we end. */
export type OwnProcess = {
  readonly pid: number;
  isAlive(): boolean;
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<void>;
};

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export function startProcess({ file, args, env = {}, user, log }: Command): OwnProcess {
  const output = openSync(log, 'a');
  const child = spawn(file, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', output, output],
    // A Ctrl-C of the terminal is ours to pass on: we end everything in order.
    detached: true,
    ...user,
  });
  closeSync(output);
  alive.add(child);
  const exited = new Promise<void>((resolve) => {
    const ended = () => {
      alive.delete(child);
      resolve();
    };
    child.once('exit', ended);
    child.once('error', ended);
  });
  return {
    pid: child.pid ?? 0,
    isAlive: () => alive.has(child),
    // Never by a bare pid: once this child is gone its pid may be another's.
    signal: (signal) => void child.kill(signal),
    exited,
  };
}
