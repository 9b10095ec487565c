import { DatabaseSync } from 'node:sqlite';

/**
 * Takes the lock on `file`, which is made where it is missing; null while another holds it. It is one that the
 * operating system drops when its holder dies, however it dies, and never before. Node has no file locks of its own;
 * SQLite's exclusive lock on a file is one.
 */
export function lockFile(file: string): Disposable | null {
  const lock = new DatabaseSync(file);
  try {
    lock.exec(
      'PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;',
    );
  } catch (error) {
    lock.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { [Symbol.dispose]: () => lock.close() };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
