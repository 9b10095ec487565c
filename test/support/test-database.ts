import { randomBytes } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import type { DatabaseSettings } from '../../src/config/database-settings.ts';
import type { Database } from '../../src/database/database.ts';
import { wrapEmbedded } from '../../src/database/embedded.ts';
import { openDatabase } from '../../src/database/open-database.ts';

export type TestDatabase = Database & { url?: string };

/** Settings of an empty database that a test opens itself, any number of times; disposing of them drops it. */
export type TestSettings = AsyncDisposable & { settings: DatabaseSettings };

export type TestDatabases = {
  name: DatabaseSettings['kind'];
  available: boolean;
  /** Opens an empty database that nobody else has; disposing of it drops it. */
  open: () => Promise<TestDatabase>;
  settings: () => Promise<TestSettings>;
};

/** The settings of a PostgreSQL database that is there. */
export function postgresAt(url: string) {
  return { kind: 'postgresql', url, connectionsMax: 20 } as const;
}

const template = inject('postgresTemplate');

export const embedded: TestDatabases = {
  name: 'embedded',
  available: true,
  open: openEmbedded,
  settings: embeddedSettings,
};

export const postgresql: TestDatabases = {
  name: 'postgresql',
  // Where it must be there, its tests run and fail without it.
  available: template !== null || process.env['CI'] !== undefined,
  open: openPostgres,
  settings: postgresSettings,
};

export const databases: readonly TestDatabases[] = [embedded, postgresql];

/** The same suite on both databases, on an empty one of its own each time, which is open while its tests run. */
export function onEachDatabase(title: string, suite: (opened: () => TestDatabase) => void): void {
  for (const { name, available, open } of databases) {
    describe.skipIf(!available)(`${title} (${name})`, () => {
      let database: TestDatabase | undefined;
      beforeAll(async () => {
        database = await open();
      });
      afterAll(() => database?.[Symbol.asyncDispose]());
      suite(() => {
        if (database === undefined) throw new Error('The database is open only while tests run');
        return database;
      });
    });
  }
}

async function openEmbedded(): Promise<TestDatabase> {
  return wrapEmbedded(new PGlite({ loadDataDir: await openAsBlob(inject('embeddedTemplate')) }));
}

async function embeddedSettings(): Promise<TestSettings> {
  return { settings: { kind: 'embedded', dataDir: null }, [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function openPostgres(): Promise<TestDatabase> {
  const { settings, url, drop } = await copyTemplate();
  const database = await openDatabase(settings);
  return {
    ...database,
    url,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await drop();
    },
  };
}

async function postgresSettings(): Promise<TestSettings> {
  const { settings, drop } = await copyTemplate();
  return { settings, [Symbol.asyncDispose]: drop };
}

async function copyTemplate() {
  if (template === null)
    throw new Error('No PostgreSQL answers. TEST_DATABASE_URL names the one to test with.');
  const { serverUrl, name } = template;
  const copy = `malipo_test_${String(process.pid)}_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, `create database ${copy} template ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${copy}`;
  return {
    url: url.href,
    settings: postgresAt(url.href),
    drop: () => onServer(serverUrl, `drop database if exists ${copy} with (force)`),
  };
}

async function onServer(serverUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl, connectionTimeoutMillis: 3_000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
