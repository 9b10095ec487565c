import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { installationCache } from '../lib/installation-cache.ts';

/**
 * Puts into place a database as PostgreSQL makes it, without any table: making it is most of what a first start takes.
 * Leaves alone what is there. Where there is no template to be had, PGlite makes the database by itself.
 */
export function copyTemplate(directory: string, template = templateFolder()): void {
  if (existsSync(directory) || !existsSync(template)) return;
  const copying = `${directory}.copying`;
  try {
    rmSync(copying, { recursive: true, force: true });
    cpSync(template, copying, { recursive: true });
    // What is installed may be for reading only.
    makeWritable(copying);
    // All of it or nothing, whenever the process is killed.
    renameSync(copying, directory);
  } catch {
    rmSync(copying, { recursive: true, force: true });
  }
}

/** Makes the template of this installation, unless it is there. */
export async function makeTemplate(): Promise<void> {
  const template = templateFolder();
  if (existsSync(template)) return;
  mkdirSync(installationCache, { recursive: true });
  const making = mkdtempSync(`${template}.`);
  try {
    const engine = await PGlite.create({ dataDir: making });
    await engine.close();
    renameSync(making, template);
  } catch (error) {
    // Of two that are made at once the first is kept.
    if (!existsSync(template)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function makeWritable(directory: string): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) makeWritable(path);
    else chmodSync(path, 0o600);
  }
}

/** Another PGlite may be another PostgreSQL, which cannot read the files of this one. */
function templateFolder(): string {
  const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const { version } = JSON.parse(readFileSync(join(pglite, '../../package.json'), 'utf8')) as {
    version: string;
  };
  return join(installationCache, `embedded-${version}`);
}
