import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DirectoryInUseError, lockDirectory } from '../../src/database/directory-lock.ts';

let directory: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'malipo-lock-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  rmSync(directory, { recursive: true });
});

const lockFile = join(import.meta.dirname, '../../src/database/directory-lock.ts');

/** A process that owns the directory until it dies. */
async function startOwner(): Promise<ChildProcess> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(lockFile)});
    globalThis.lock = lockDirectory(${JSON.stringify(directory)});
    console.log('locked');
    setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(owner);
  await once(owner.stdout, 'data');
  return owner;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

it('a second process is refused, and told who owns the directory', async () => {
  const owner = await startOwner();
  expect(() => lockDirectory(directory)).toThrow(DirectoryInUseError);
  expect(() => lockDirectory(directory)).toThrow(
    new RegExp(`in use by another Malipo, process ${String(owner.pid)}, running since 20`),
  );
});

it('the directory is free as soon as its owner is killed', async () => {
  await kill(await startOwner());
  using lock = lockDirectory(directory);
  expect(lock).toBeDefined();
});

it('the directory is free when its owner gives it up', () => {
  lockDirectory(directory)[Symbol.dispose]();
  using lock = lockDirectory(directory);
  expect(lock).toBeDefined();
});

it('the same process cannot own it twice', () => {
  using _lock = lockDirectory(directory);
  expect(() => lockDirectory(directory)).toThrow(`process ${String(process.pid)}`);
});

it('a directory that is not there is made, for its owner alone', () => {
  using lock = lockDirectory(join(directory, 'deep', 'data'));
  expect(lock).toBeDefined();
});
