import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { wrapEmbedded } from '../../src/database/embedded.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { searchRecord } from './leaks.ts';

declare module 'vitest' {
  // Only an interface can add to vitest's own.
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
  interface ProvidedContext {
    /** A file with the data directory of an embedded database that has every table and no row. */
    embeddedTemplate: string;
    /** A database with every table and no row, and the URL of its server; null where none answers. */
    postgresTemplate: { serverUrl: string; name: string } | null;
    /** Where what the servers of this run log and print is kept until its end. */
    logFolder: string;
  }
}

const serverUrl = process.env['TEST_DATABASE_URL'] ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
const templateName = `malipo_test_template_${String(process.pid)}`;

let folder: string | undefined;
let hasPostgresTemplate = false;

/** Migrates one database of each kind, once: every test file gets a copy. */
export async function setup(project: TestProject): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'malipo-test-'));
  const logFolder = join(folder, 'logs');
  await mkdir(logFolder);
  project.provide('logFolder', logFolder);
  project.provide('embeddedTemplate', await makeEmbeddedTemplate(folder));
  hasPostgresTemplate = await makePostgresTemplate();
  project.provide('postgresTemplate', hasPostgresTemplate ? { serverUrl, name: templateName } : null);
}

export async function teardown(): Promise<void> {
  try {
    if (folder !== undefined) assertNoLeak(join(folder, 'logs'));
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    if (hasPostgresTemplate) await dropPostgresTemplate();
  }
}

const leaksShown = 10;

/** Of all that the servers of this run said, nothing may name a payer or open a door. */
function assertNoLeak(logFolder: string): void {
  const { lines, leaks, caught } = searchRecord(logFolder);
  const searched = `${String(lines)} lines that servers logged or printed were searched for secrets`;
  console.log(
    `\n${searched}: ${String(leaks.length)} hold one, and ${String(caught.length)} had theirs masked.`,
  );
  for (const line of caught.slice(0, leaksShown)) console.log(`  masked in: ${line.slice(0, 500)}`);
  if (leaks.length === 0) return;
  const shown = leaks
    .slice(0, leaksShown)
    .map(({ file, kind, line }) => `  ${file}: ${kind} in ${line.slice(0, 500)}`);
  throw new Error(`Log lines hold what they must not:\n${shown.join('\n')}`);
}

async function makeEmbeddedTemplate(into: string): Promise<string> {
  const engine = new PGlite();
  await using database = wrapEmbedded(engine);
  await database.migrate();
  const file = join(into, 'embedded.tar');
  const dump = await engine.dumpDataDir('none');
  await writeFile(file, Buffer.from(await dump.arrayBuffer()));
  return file;
}

/** False, said aloud, where no PostgreSQL answers. Any other failure is one. */
async function makePostgresTemplate(): Promise<boolean> {
  try {
    await onServer((client) => client.query('select 1'));
  } catch (error) {
    const { hostname, port } = new URL(serverUrl);
    console.error(
      `\n!! NO POSTGRESQL at ${hostname}:${port}: its tests do not run. TEST_DATABASE_URL names one. (${String(error)})\n`,
    );
    return false;
  }
  await onServer((client) => client.query(`create database ${templateName}`));
  try {
    const url = new URL(serverUrl);
    url.pathname = `/${templateName}`;
    await using database = await openDatabase({ kind: 'postgresql', url: url.href, connectionsMax: 1 });
    await database.migrate();
  } catch (error) {
    // vitest tears nothing down that was not set up.
    await dropPostgresTemplate();
    throw error;
  }
  return true;
}

async function dropPostgresTemplate(): Promise<void> {
  await onServer((client) => client.query(`drop database if exists ${templateName} with (force)`));
}

async function onServer(work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: serverUrl, connectionTimeoutMillis: 3_000 });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
