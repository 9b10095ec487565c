import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { createDatabase, type Database } from './database.ts';
import { lockDirectory } from './directory-lock.ts';
import { embeddedSqlOn } from './embedded-sql.ts';
import { copyTemplate } from './embedded-template.ts';
import { bringUpToDate } from './migrate.ts';

export async function openEmbedded(dataDir: string | null): Promise<Database> {
  const lock = dataDir === null ? undefined : lockDirectory(dataDir);
  try {
    return wrapEmbedded(await openEngine(dataDir), () => lock?.[Symbol.dispose]());
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

async function openEngine(dataDir: string | null): Promise<PGlite> {
  if (dataDir === null) return PGlite.create();
  const directory = join(dataDir, 'postgres');
  copyTemplate(directory);
  return PGlite.create({ dataDir: directory });
}

/** The database on an engine that is open already, as tests have it from a template. */
export function wrapEmbedded(engine: PGlite, release: () => void = () => undefined): Database {
  const adapter = new PrismaPGlite(engine);
  const sql = embeddedSqlOn(engine);
  return createDatabase('embedded', adapter, {
    sql,
    // One at a time: nobody waits for a lock.
    transaction: (work) => engine.transaction((tx) => work(embeddedSqlOn(tx))),
    reach: () => engine.waitReady,
    migrate: () => bringUpToDate(sql, (apply) => apply(adapter)),
    close: async () => {
      await engine.close();
      release();
    },
  });
}
