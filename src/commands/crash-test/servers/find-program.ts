import { accessSync, constants, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LabError } from '../lab-error.ts';

/** Debian keeps PostgreSQL's own programs off the PATH; the newest comes first. */
const postgresFolders = () =>
  globSync('/usr/lib/postgresql/*/bin').sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));

/** Where a program is, by its name. */
export function findProgram(name: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...postgresFolders()];
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found !== undefined) return found;
  throw new LabError(
    `There is no ${name}, on the PATH or in /usr/lib/postgresql. The lab starts a PostgreSQL and a Redis of its own: install both (Debian: apt-get install postgresql redis-server).`,
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
