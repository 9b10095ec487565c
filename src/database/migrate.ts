import { createHash } from 'node:crypto';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { readMigrations, type Migration } from './migration-files.ts';
import type { Sql } from './sql.ts';

export type ApplyOn = (adapter: SqlMigrationAwareDriverAdapterFactory) => Promise<void>;

/**
 * Applies every migration that the database lacks. Prisma's engine, which decides and applies, is loaded only where the
 * database does not say of every migration, and of no other, that it was applied as it stands in its file: most starts
 * have nothing to apply.
 */
export async function bringUpToDate(sql: Sql, onAdapter: (apply: ApplyOn) => Promise<void>): Promise<void> {
  const [migrations, applied] = await Promise.all([readMigrations(), readApplied(sql)]);
  if (isSame(migrations, applied)) return;
  const { applyMigrations } = await import('./schema-engine.ts');
  await onAdapter(applyMigrations);
}

/** What Prisma's engine notes of each migration that it began to apply. */
type Applied = { name: string; checksum: string; isWhole: boolean };

/** None where that cannot be read: the engine finds out why. */
async function readApplied(sql: Sql): Promise<readonly Applied[]> {
  try {
    return await sql<Applied>`
      select migration_name as name, checksum, finished_at is not null and rolled_back_at is null as "isWhole"
      from _prisma_migrations order by migration_name collate "C"`;
  } catch {
    return [];
  }
}

function isSame(migrations: readonly Migration[], applied: readonly Applied[]): boolean {
  return (
    migrations.length === applied.length &&
    migrations.every(({ name, script }, index) => {
      const noted = applied[index];
      return noted?.name === name && noted.isWhole && noted.checksum === checksumOf(script);
    })
  );
}

function checksumOf(script: string): string {
  return createHash('sha256').update(script).digest('hex');
}
