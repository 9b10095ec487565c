import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { migrationsFolder, readMigrations } from './migration-files.ts';

/** The part of WebAssembly that is used here; TypeScript declares it only together with a browser's globals. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, unknown>,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

let instantiated: Promise<void> | undefined;

/**
 * Prisma's own schema engine, as WebAssembly, on any driver adapter. It is what `prisma migrate` runs, so the
 * migrations and the `_prisma_migrations` table stay the ones that `prisma migrate deploy` understands, and no
 * engine has to be downloaded.
 */
export async function openSchemaEngine(
  adapter: SqlMigrationAwareDriverAdapterFactory,
  datamodels?: [path: string, content: string][],
): Promise<SchemaEngine> {
  instantiated ??= instantiate();
  await instantiated;
  const ignoreLog = () => undefined;
  return bindings.SchemaEngine.new({ datamodels }, ignoreLog, bindMigrationAwareSqlAdapterFactory(adapter));
}

/** Applies every migration that the database lacks; of several processes that start at once, one applies. */
export async function applyMigrations(adapter: SqlMigrationAwareDriverAdapterFactory): Promise<void> {
  const engine = await openSchemaEngine(adapter);
  try {
    await engine.applyMigrations({
      migrationsList: await migrationList(),
      filters: { externalTables: [], externalEnums: [] },
    });
  } finally {
    engine.free();
  }
}

/** `prisma/migrations` in the form that the engine takes. */
async function migrationList(): Promise<MigrationList> {
  const lockfile = await readFile(join(migrationsFolder, 'migration_lock.toml'), 'utf8');
  const migrations = await readMigrations();
  return {
    baseDir: migrationsFolder,
    lockfile: { path: 'migration_lock.toml', content: lockfile },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
    })),
  };
}

async function instantiate(): Promise<void> {
  // Not `import.meta.resolve`, which vitest's global setup does not have.
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm');
  const wasm = await readFile(file.replace(/schema_engine\.js$/, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm, {
    './schema_engine_bg.js': bindings,
  });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}
