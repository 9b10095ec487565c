import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { vi } from 'vitest';
import { freePort } from '../../src/commands/crash-test/servers/free-port.ts';

/** A PostgreSQL that belongs to one test, which may take it away and give it back. */
export type PostgresServer = AsyncDisposable & {
  /** Of an empty database; the same before and after every restart. */
  url: string;
  /** Returns when it answers. */
  start(): Promise<void>;
  /** As an administrator does it: connections are ended, new ones refused. */
  stop(): Promise<void>;
  /** As a crash does it. */
  kill(): Promise<void>;
  /** Connections stay open, new ones are accepted by the kernel, and nothing is answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
};

const binaries = findBinaries();

/** Where its programs must be there, the tests that need them run and fail without them. Its children are found in /proc. */
export const canStartPostgres =
  (binaries !== null && existsSync('/proc/self/task')) || process.env['CI'] !== undefined;

/** Makes a server of its own on a free port and starts it. */
export async function startPostgres(): Promise<PostgresServer> {
  if (binaries === null) throw new Error('The programs initdb and postgres were not found');
  const directory = await mkdtemp(join(tmpdir(), 'malipo-postgres-'));
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? userNamed('postgres') : null;
  if (user !== null) await chown(directory, user.uid, user.gid);
  const cluster = ['-D', join(directory, 'data')];
  const initdb = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-sync'];
  await promisify(execFile)(join(binaries, 'initdb'), [...cluster, ...initdb], { ...user, cwd: directory });
  const port = await freePort();
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    // After a crash its children may hold the shared memory for a moment longer.
    await vi.waitFor(
      async () => {
        if (server === undefined || hasEnded(server)) {
          server = spawn(join(binaries ?? '', 'postgres'), [...cluster, ...options], {
            ...user,
            cwd: directory,
            stdio: 'ignore',
          });
        }
        await assertAnswers(url);
      },
      { timeout: 20_000, interval: 50 },
    );
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === undefined || hasEnded(server)) return;
    const exited = once(server, 'exit');
    if (signal === 'SIGKILL') await signalAll(server, signal);
    else server.kill(signal);
    await exited;
  }

  await start();
  return {
    url,
    start,
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
    pause: () => signalAll(server, 'SIGSTOP'),
    resume: () => signalAll(server, 'SIGCONT'),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

function findBinaries(): string | null {
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  const packaged = globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed();
  return [...packaged, ...onPath].find((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

function userNamed(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** To the server first, so that no child is added meanwhile; each of its children leads a process group of its own. */
async function signalAll(server: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (server?.pid === undefined || hasEnded(server)) return;
  // Once it is killed, nobody knows its children any longer.
  if (signal === 'SIGKILL') server.kill('SIGSTOP');
  else server.kill(signal);
  const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8');
  for (const pid of children.split(' ').filter((text) => text.trim() !== '')) sendSignal(Number(pid), signal);
  if (signal === 'SIGKILL') server.kill(signal);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}

async function assertAnswers(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('select 1');
  await client.end();
}
