import { expect, it, vi } from 'vitest';
import { applyMigrations } from '../../src/database/schema-engine.ts';
import { databases } from '../support/test-database.ts';

vi.mock(import('../../src/database/schema-engine.ts'), { spy: true });

for (const { name, available, open } of databases) {
  it.skipIf(!available)(`tables that are up to date are left alone (${name})`, async () => {
    await using database = await open();
    vi.mocked(applyMigrations).mockClear();
    await database.migrate();
    expect(applyMigrations).not.toHaveBeenCalled();
  });

  it.skipIf(!available)(`a migration that was begun and not finished ends the start (${name})`, async () => {
    await using database = await open();
    await database.prisma.$executeRaw`
      update _prisma_migrations set finished_at = null where migration_name like '%_init'`;
    await expect(database.migrate()).rejects.toThrow(/20261124031226_init/);
  });

  it.skipIf(!available)(`Prisma's engine judges a migration whose file was changed (${name})`, async () => {
    await using database = await open();
    await database.prisma.$executeRaw`update _prisma_migrations set checksum = 'other'`;
    vi.mocked(applyMigrations).mockClear();
    await database.migrate();
    expect(applyMigrations).toHaveBeenCalledOnce();
  });
}
