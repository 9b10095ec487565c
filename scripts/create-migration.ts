/**
 * Writes the migration that brings the database from `prisma/migrations` to `prisma/schema.prisma`, on an empty
 * embedded database: no server and no download. Storage settings that Prisma's schema cannot say (fillfactor) are
 * added to the file by hand before it is committed.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { differenceToSchema } from './schema-difference.ts';

const usage = `Usage: npm run migration -- --name what_changes

Writes prisma/migrations/<time>_<what_changes>/migration.sql with the difference between the existing migrations and
prisma/schema.prisma. Says so and writes nothing when there is none.`;

const { values } = parseArgs({ options: { name: { type: 'string' }, help: { type: 'boolean' } } });
if (values.help || !values.name) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const sql = await differenceToSchema();
if (sql === null) {
  console.log('The migrations already say what prisma/schema.prisma says.');
} else {
  const time = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const folder = new URL(`../prisma/migrations/${time}_${values.name}/`, import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL('migration.sql', folder), sql);
  console.log(`Wrote prisma/migrations/${time}_${values.name}/migration.sql`);
}
