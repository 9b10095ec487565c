import { Client } from 'pg';
import type { DatabaseSettings } from '../../../config/database-settings.ts';
import type { Clock } from '../../../lib/clock.ts';
import { within } from '../../../lib/within.ts';
import { skewBetween, type Skew } from './skew.ts';

export type PostgresFacts = {
  /** Such as 15.9. */
  version: string;
  major: number;
  /** A standby, or told to take no writes. */
  isReadOnly: boolean;
  /** What ordinary roles, this role and this database may hold at most, and hold now. */
  connections: { max: number; open: number };
  mayCreateTables: boolean;
  /** Null where no migration ever ran. */
  migrations: readonly { name: string; isDone: boolean; isFailed: boolean }[] | null;
  /** Tables besides Malipo's bookkeeping of migrations. */
  tables: number;
  /** Null where no Malipo ever started. */
  deployment: { environment: string; secretFingerprint: string } | null;
  skew: Skew;
};

const farewellMs = 1_000;

type Timing = { clock: Clock; patienceMs: number };

/** Everything that is asked of PostgreSQL, in one transaction that could not write. Throws the driver's error. */
export async function readPostgres(settings: DatabaseSettings, timing: Timing): Promise<PostgresFacts> {
  if (settings.kind === 'embedded')
    throw new Error('The embedded database is never opened by a second process');
  const client = new Client({
    connectionString: settings.url,
    connectionTimeoutMillis: timing.patienceMs,
    query_timeout: timing.patienceMs,
    statement_timeout: timing.patienceMs,
    application_name: 'malipo-doctor',
  });
  // A connection that breaks is told by the statement that waits for it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('begin transaction read only');
    return await readFacts(client, timing.clock);
  } finally {
    // A server that is frozen does not say farewell either.
    await within(client.end(), farewellMs).catch(() => undefined);
  }
}

async function readFacts(client: Client, clock: Clock): Promise<PostgresFacts> {
  const askedAt = clock.now();
  const { now } = await one<{ now: Date }>(client, 'select clock_timestamp() as now');
  const skew = skewBetween({ askedAt, answeredAt: clock.now() }, now);
  const server = await one<ServerRow>(client, serverQuestion);
  const hasTable = (table: string) =>
    one<{ there: boolean }>(client, `select to_regclass('${table}') is not null as there`);
  const migrations = (await hasTable('_prisma_migrations')).there
    ? (await client.query<MigrationRow>(migrationsQuestion)).rows
    : null;
  const [deployment = null] = (await hasTable('deployment')).there
    ? (await client.query<DeploymentRow>(deploymentQuestion)).rows
    : [];
  const { version, major, isReadOnly, mayCreateTables, tables, max, open } = server;
  return {
    version,
    major,
    isReadOnly,
    mayCreateTables,
    tables,
    connections: { max, open },
    migrations,
    deployment,
    skew,
  };
}

type ServerRow = Pick<PostgresFacts, 'version' | 'major' | 'isReadOnly' | 'mayCreateTables' | 'tables'> &
  PostgresFacts['connections'];
type MigrationRow = { name: string; isDone: boolean; isFailed: boolean };
type DeploymentRow = { environment: string; secretFingerprint: string };

/** A limit of -1 is none. `open` are those of everybody: they share what there is. */
const serverQuestion = `
  select split_part(current_setting('server_version'), ' ', 1) as version,
    current_setting('server_version_num')::int / 10000 as major,
    pg_is_in_recovery() or current_setting('default_transaction_read_only') = 'on' as "isReadOnly",
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) as "mayCreateTables",
    (select count(*)::int from pg_tables
      where schemaname = current_schema() and tablename <> '_prisma_migrations') as tables,
    (select min(most)::int from (values
      (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int),
      ((select rolconnlimit from pg_roles where rolname = current_user)),
      ((select datconnlimit from pg_database where datname = current_database()))) as limits (most)
      where most >= 0) as max,
    (select count(*)::int from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid()) as open`;

const migrationsQuestion = `
  select migration_name as name, finished_at is not null and rolled_back_at is null as "isDone",
    finished_at is null and rolled_back_at is null as "isFailed"
  from _prisma_migrations order by started_at`;

const deploymentQuestion =
  'select environment::text as environment, secret_fingerprint as "secretFingerprint" from deployment where id = 1';

async function one<Row extends object>(client: Client, question: string): Promise<Row> {
  const { rows } = await client.query<Row>(question);
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL gave no row');
  return row;
}
