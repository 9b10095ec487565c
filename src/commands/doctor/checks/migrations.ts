import { readMigrations } from '../../../database/migration-files.ts';
import type { Check } from '../check.ts';
import { ok, problem, warning, type Finding } from '../finding.ts';
import type { PostgresFacts } from '../probes/postgres-facts.ts';
import { onPostgres } from './on-postgres.ts';

/** Whether the tables are those of this version of Malipo, which brings them up to date at its start. */
export const migrations: Check = {
  name: 'migrations',
  settings: ['DATABASE_URL', 'MPESA_ENVIRONMENT'],
  after: ['database'],
  run: onPostgres(async (facts) => [
    judge(
      facts,
      (await readMigrations()).map(({ name }) => name),
    ),
  ]),
};

function judge(facts: PostgresFacts, known: readonly string[]): Finding {
  const applied = facts.migrations ?? [];
  const failed = applied.filter(({ isFailed }) => isFailed);
  const done = new Set(applied.filter(({ isDone }) => isDone).map(({ name }) => name));
  const pending = known.filter((name) => !done.has(name));
  const foreign = [...done].filter((name) => !known.includes(name));
  if (failed.length > 0) {
    return problem(
      'MIGRATION_FAILED',
      `The migration ${failed.map(({ name }) => name).join(', ')} was begun and not finished.`,
      'The tables are half of one version and half of another, and Malipo does not start on them.',
      'Look at the database by hand, or restore a backup; then `npx prisma migrate resolve` says how it ended.',
    );
  }
  if (foreign.length > 0) {
    return problem(
      'DATABASE_IS_NEWER',
      `The database knows migrations that this Malipo does not: ${foreign.join(', ')}.`,
      'A newer Malipo, or another program, made these tables. This one may not understand them.',
      'Run the version that made them, or use another database.',
    );
  }
  if (pending.length === 0)
    return ok(
      'MIGRATIONS_DONE',
      `All ${known.length} migrations are applied.`,
      'The tables are those of this version.',
    );
  if (!facts.mayCreateTables) {
    return problem(
      'DATABASE_RIGHTS_MISSING',
      `${pending.length} migrations are missing, and this user may not make tables.`,
      'Malipo brings its tables up to date at its start, and would fail.',
      'Let the user own the database: ALTER DATABASE … OWNER TO ….',
    );
  }
  return facts.tables === 0 ? empty() : behind(facts, pending);
}

function empty(): Finding {
  return ok('DATABASE_EMPTY', 'The database is empty.', 'Malipo makes its tables at its first start.');
}

function behind(facts: PostgresFacts, pending: readonly string[]): Finding {
  if (facts.migrations === null) {
    return problem(
      'DATABASE_OF_ANOTHER',
      `The database holds ${facts.tables} tables that no migration made.`,
      'It belongs to another program. Malipo keeps one of its own.',
      'Make a database for Malipo with createdb, and name it in DATABASE_URL.',
    );
  }
  return warning(
    'MIGRATIONS_PENDING',
    `Not applied yet: ${pending.join(', ')}.`,
    'The tables are those of an older version. Malipo brings them up to date at its next start.',
    'Make a backup (pg_dump), then start Malipo.',
  );
}
