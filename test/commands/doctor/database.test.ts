import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOfSecret } from '../../../src/config/kept-secret.ts';
import { bindDeployment } from '../../../src/database/deployment.ts';
import { Masked } from '../../../src/lib/masked.ts';
import { manualClock } from '../../daraja/support/scripted-daraja.ts';
import { canStartPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { postgresql, type TestDatabase } from '../../support/test-database.ts';
import { examine, verdicts } from './support/examine.ts';

const secret = 'a-secret-of-the-test-suite-that-is-long';

it.each(['database', 'database-clock', 'connections', 'migrations', 'deployment'])(
  '%s does not open the embedded database',
  async (name) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'malipo-doctor-'));
    expect(await verdicts(name, { DATA_DIR: dataDir })).toEqual(['DATABASE_EMBEDDED ok']);
    expect(await readdir(dataDir)).toEqual([]);
    await rm(dataDir, { recursive: true });
  },
);

it.each(['database-clock', 'connections', 'migrations', 'deployment'])(
  '%s is left out where no PostgreSQL answers',
  async (name) => {
    const env = { DATABASE_URL: 'postgresql://postgres@127.0.0.1:1/malipo' };
    expect(await verdicts(name, env)).toEqual(['AFTER_ANOTHER skipped']);
  },
);

it('a database that does not answer is a problem', async () => {
  const env = { DATABASE_URL: 'postgresql://postgres@127.0.0.1:1/malipo' };
  expect(await verdicts('database', env)).toEqual(['DATABASE_UNREACHABLE problem']);
});

describe.skipIf(!postgresql.available)('a database that was migrated', () => {
  let database: TestDatabase;
  let env: Record<string, string>;
  beforeEach(async () => {
    database = await postgresql.open();
    env = { DATABASE_URL: database.url ?? '' };
  });
  afterEach(() => database[Symbol.asyncDispose]());

  const nameOf = (url: string) => new URL(url).pathname.slice(1);
  const execute = (statement: string) => database.prisma.$executeRawUnsafe(statement);

  it('is well', async () => {
    expect(await verdicts('database', env)).toEqual(['DATABASE_ANSWERS ok']);
    expect(await verdicts('migrations', env)).toEqual(['MIGRATIONS_DONE ok']);
    expect(await verdicts('database-clock', env)).toEqual(['CLOCK_AGREES_WITH_DATABASE ok']);
    expect(await verdicts('deployment', env)).toEqual(['DATABASE_UNBOUND ok']);
  });

  it('of another name is missing', async () => {
    const url = new URL(env['DATABASE_URL'] ?? '');
    url.pathname = '/malipo_that_nobody_made';
    expect(await verdicts('database', { DATABASE_URL: url.href })).toEqual(['DATABASE_MISSING problem']);
  });

  it('that is frozen is told in time', async () => {
    await using proxy = await startTcpProxy(env['DATABASE_URL'] ?? '');
    proxy.freeze();
    const found = await verdicts('database', { DATABASE_URL: proxy.url }, { patienceMs: 300 });
    expect(found).toEqual(['DATABASE_UNREACHABLE problem']);
  });

  it('that takes no writes is a problem', async () => {
    await execute(
      `alter database ${nameOf(env['DATABASE_URL'] ?? '')} set default_transaction_read_only = on`,
    );
    expect(await verdicts('database', env)).toEqual(['DATABASE_READ_ONLY problem']);
  });

  it('whose clock is elsewhere is a problem', async () => {
    const clock = manualClock('2026-01-01T00:00:00Z');
    expect(await verdicts('database-clock', env, { clock })).toEqual(['CLOCK_OFF_FROM_DATABASE problem']);
  });

  it.each([
    [22, 'CONNECTIONS_TOO_FEW problem'],
    [23, 'CONNECTIONS_FOR_ONE_PROCESS warning'],
    [83, 'CONNECTIONS_FOR_ONE_PROCESS warning'],
    [84, 'CONNECTIONS_ENOUGH ok'],
  ])('that takes %i connections is %s', async (limit, verdict) => {
    await execute(`alter database ${nameOf(env['DATABASE_URL'] ?? '')} connection limit ${String(limit)}`);
    expect(await verdicts('connections', env)).toEqual([verdict]);
  });

  it.each([
    [
      'lacks the newest',
      'delete from _prisma_migrations where migration_name <> (select min(migration_name) from _prisma_migrations)',
      'MIGRATIONS_PENDING warning',
    ],
    [
      'has one that nobody knows',
      "update _prisma_migrations set migration_name = '20990101000000_later' where migration_name = (select max(migration_name) from _prisma_migrations)",
      'DATABASE_IS_NEWER problem',
    ],
    [
      'has one that failed',
      'update _prisma_migrations set finished_at = null where migration_name = (select max(migration_name) from _prisma_migrations)',
      'MIGRATION_FAILED problem',
    ],
    ['has none, and tables', 'drop table _prisma_migrations', 'DATABASE_OF_ANOTHER problem'],
    ['is empty', 'drop schema public cascade; create schema public', 'DATABASE_EMPTY ok'],
  ])('of which the list of migrations %s', async (_what, statements, verdict) => {
    for (const statement of statements.split('; ')) await execute(statement);
    expect(await verdicts('migrations', env)).toEqual([verdict]);
  });

  it('in which a role may not make tables is a problem while there are none', async () => {
    await execute('drop schema public cascade');
    expect(await verdicts('migrations', env)).toEqual(['DATABASE_RIGHTS_MISSING problem']);
  });

  describe('and used', () => {
    beforeEach(() =>
      bindDeployment(database.prisma, {
        environment: 'SIMULATOR',
        secretFingerprints: [fingerprintOfSecret(new Masked(secret))],
      }),
    );

    const sandbox = {
      MPESA_ENVIRONMENT: 'sandbox',
      MPESA_CONSUMER_KEY: 'the-consumer-key',
      MPESA_CONSUMER_SECRET: 'the-consumer-secret',
      MPESA_PASSKEY: 'the-passkey',
      MPESA_BUSINESS_SHORTCODE: '174379',
      CALLBACK_BASE_URL: 'https://pay.example.com',
    };
    const other = 'another-secret-of-the-test-suite-long';

    it.each([
      [['DATABASE_OF_OURS ok'], { MALIPO_SECRET: secret }],
      [['DATABASE_OF_OURS ok'], { MALIPO_SECRET: `${other},${secret}` }],
      [['SECRET_OF_OTHER_DATABASE problem'], { MALIPO_SECRET: other }],
      [['SECRET_OF_OTHER_DATABASE problem'], { DATA_DIR: '/nowhere' }],
      [['DATABASE_OF_OTHER_ENVIRONMENT problem'], { ...sandbox, MALIPO_SECRET: secret }],
      [
        ['DATABASE_OF_OTHER_ENVIRONMENT problem', 'SECRET_OF_OTHER_DATABASE problem'],
        { ...sandbox, MALIPO_SECRET: other },
      ],
    ])('is %s with %o', async (found, changes) => {
      expect(await verdicts('deployment', { ...env, ...changes })).toEqual(found);
    });

    it('is known by the secret that is kept in DATA_DIR, and none is made there', async () => {
      const dataDir = await mkdtemp(join(tmpdir(), 'malipo-doctor-'));
      const settings = { ...env, DATA_DIR: dataDir };
      expect(await verdicts('deployment', settings)).toEqual(['SECRET_OF_OTHER_DATABASE problem']);
      await writeFile(join(dataDir, 'secret'), `${secret}\n`, { flag: 'wx' });
      expect(await verdicts('deployment', settings)).toEqual(['DATABASE_OF_OURS ok']);
      await rm(dataDir, { recursive: true });
    });
  });
});

describe.skipIf(!canStartPostgres)('a PostgreSQL that asks for passwords', () => {
  let server: PostgresServer;
  beforeEach(async () => {
    server = await startPostgres();
    await using administrator = await connect(server.url);
    const { rows } = await administrator.query('show hba_file');
    await administrator.query("create role visitor login password 'the right one'");
    const rules = ['host all visitor 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust'];
    await administrator.query(
      `copy (select unnest(array['${rules.join("', '")}'])) to '${String(rows[0].hba_file)}'`,
    );
    await administrator.query('select pg_reload_conf()');
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('refuses a wrong one, which is said and not repeated', async () => {
    const url = server.url.replace('postgres@', 'visitor:the%20wrong%20one@');
    // The new rules take a moment.
    await expect
      .poll(() => verdicts('database', { DATABASE_URL: url }))
      .toEqual(['DATABASE_PASSWORD_WRONG problem']);
    const findings = await examine('database', { DATABASE_URL: url });
    expect(JSON.stringify(findings)).not.toMatch(/the(%20| )wrong/);
    const right = server.url.replace('postgres@', 'visitor:the%20right%20one@');
    expect(await verdicts('database', { DATABASE_URL: right })).toEqual(['DATABASE_ANSWERS ok']);
  });
});

async function connect(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
