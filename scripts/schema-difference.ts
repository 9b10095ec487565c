import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { applyMigrations, openSchemaEngine } from '../src/database/schema-engine.ts';

const emptyMigration = '-- This is an empty migration.';

/** The SQL that the migrations lack to be what `prisma/schema.prisma` says; null when they lack nothing. */
export async function differenceToSchema(): Promise<string | null> {
  const content = await readFile(new URL('../prisma/schema.prisma', import.meta.url), 'utf8');
  const files = [{ path: 'schema.prisma', content }];
  await using database = new PGlite();
  const adapter = new PrismaPGlite(database);
  await applyMigrations(adapter);
  using engine = await openSchemaEngine(adapter, [['schema.prisma', content]]);
  const { stdout } = await engine.diff({
    from: { tag: 'schemaDatasource', files, configDir: '.' },
    to: { tag: 'schemaDatamodel', files },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  const sql = stdout?.trim() ?? '';
  return sql === '' || sql.startsWith(emptyMigration) ? null : `${sql}\n`;
}
