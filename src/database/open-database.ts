import type { DatabaseSettings } from '../config/database-settings.ts';
import type { Database } from './database.ts';

/**
 * Opens the embedded database, which must not be another's; PostgreSQL is reached for when it is first used. Whoever uses
 * one never loads the other.
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  if (settings.kind === 'postgresql') {
    const { openPostgres } = await import('./postgres.ts');
    return openPostgres(settings);
  }
  const { openEmbedded } = await import('./embedded.ts');
  return openEmbedded(settings.dataDir);
}
