import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';
import { Client } from 'pg';
import { serverUrl } from '../own-database.ts';

/** What figures depend on, by name. */
export type Machine = { [name: string]: string };

const settings = [
  'shared_buffers',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_level',
  'max_wal_size',
  'checkpoint_timeout',
  'wal_compression',
  'commit_delay',
  'max_connections',
  'work_mem',
  'jit',
  'autovacuum',
];

const packages = ['fastify', 'graphql', 'graphql-yoga', '@prisma/client', 'pg', '@electric-sql/pglite', 'ws'];

export async function describeMachine(): Promise<Machine> {
  return {
    Processor: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`,
    Memory: `${(totalmem() / 2 ** 30).toFixed(0)} GB`,
    Kernel: `Linux ${release()}`,
    Node: process.version,
    Packages: packages.map((name) => `${name} ${versionOf(name)}`).join(', '),
    ...(await describePostgres()),
  };
}

/** As it is checked out; marked when it was changed since. */
export function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    const isChanged = git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'bench/peers') !== '';
    return git('rev-parse', '--short', 'HEAD') + (isChanged ? ', changed' : '');
  } catch {
    return 'unknown';
  }
}

/** Read from the file: a package need not export it. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  const paths = require.resolve.paths(name) ?? [];
  for (const path of paths) {
    try {
      return (require(`${path}/${name}/package.json`) as { version: string }).version;
    } catch {
      // Not in this folder.
    }
  }
  return 'unknown';
}

async function describePostgres(): Promise<Machine> {
  const client = new Client({ connectionString: serverUrl, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; value: string }>(
      'select name, current_setting(name) as value from pg_settings where name = any($1) order by array_position($1, name)',
      [[...settings]],
    );
    const version = await client.query<{ server_version: string }>('show server_version');
    return {
      PostgreSQL: version.rows[0]?.server_version ?? 'unknown',
      'Its settings': rows.map(({ name, value }) => `${name} ${value}`).join(', '),
    };
  } catch {
    return { PostgreSQL: 'none answers' };
  } finally {
    await client.end();
  }
}
