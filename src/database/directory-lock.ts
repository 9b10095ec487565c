import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../lib/file-lock.ts';

/** Another process owns the data directory; the message names it. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError';
}

/**
 * Makes this process the only owner of `directory`. PGlite lets two processes open one directory and then loses
 * rows without an error.
 */
export function lockDirectory(directory: string): Disposable {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ownerFile = join(directory, 'owner.json');
  const lock = lockFile(join(directory, 'owner.lock'));
  if (lock === null) {
    throw new DirectoryInUseError(`${directory} is in use by ${describeOwner(ownerFile)}. ${advice}`);
  }
  writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }));
  return lock;
}

const advice =
  'Only one process may open the embedded database: stop that one, or set DATA_DIR to another folder, or set DATABASE_URL to use PostgreSQL with several processes.';

function describeOwner(ownerFile: string): string {
  try {
    const owner: unknown = JSON.parse(readFileSync(ownerFile, 'utf8'));
    if (typeof owner === 'object' && owner !== null && 'pid' in owner && 'since' in owner) {
      return `another Malipo, process ${String(owner.pid)}, running since ${String(owner.since)}`;
    }
  } catch {
    // The owner has taken the lock and not yet written who it is.
  }
  return 'another process';
}
