import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { LabError } from '../lab-error.ts';
import { findProgram } from './find-program.ts';
import { freePort } from './free-port.ts';
import { Service } from './service.ts';

export type Postgres = { service: Service; url: string };

/** Makes a PostgreSQL of our own in `folder`, with its durable settings, and starts it. */
export async function startPostgres(folder: string): Promise<Postgres> {
  const data = join(folder, 'postgres');
  const user = process.getuid?.() === 0 ? findUser('postgres') : undefined;
  makeFolder(data, user);
  const initdb = ['-D', data, '-U', 'malipo', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
  execFileSync(findProgram('initdb'), initdb, { stdio: ['ignore', 'ignore', 'pipe'], cwd: data, ...user });
  const port = await freePort();
  const url = `postgresql://malipo@127.0.0.1:${port}/postgres`;
  const service = new Service({
    name: 'PostgreSQL',
    command: {
      file: findProgram('postgres'),
      args: ['-D', data, '-p', `${port}`, '-k', '', '-h', '127.0.0.1', '-c', 'max_connections=200'],
      ...(user ? { user } : {}),
      log: join(folder, 'postgres.log'),
    },
    isReady: async () => (await ask(url, 'select 1')).length === 1,
    helpers: () => processesOf(url),
    // Ends at once and asks nobody.
    farewell: 'SIGQUIT',
  });
  service.start();
  return { service, url };
}

/** PostgreSQL refuses to run as root. */
function findUser(name: string): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  throw new LabError(
    `PostgreSQL does not run as root, and there is no user ${name}: run the lab as another.`,
  );
}

function makeFolder(folder: string, user: { uid: number; gid: number } | undefined): void {
  mkdirSync(folder, { mode: 0o700 });
  if (user === undefined) return;
  chownSync(folder, user.uid, user.gid);
  // The way there is ours; its user must be able to walk it.
  chmodSync(dirname(folder), 0o711);
}

/** Backends and the rest: stopping the postmaster alone would leave them at work. */
async function processesOf(url: string): Promise<number[]> {
  const rows = await ask(url, 'select pid from pg_stat_activity where pid <> pg_backend_pid()');
  return rows.map(({ pid }) => Number(pid));
}

async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000, query_timeout: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
