import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../../lib/file-lock.ts';
import { sleep } from '../../lib/sleep.ts';
import { ownerOfLock, ownerOfRecords } from './file-names.ts';

/** How long a process may be busy adopting, which takes milliseconds. */
const patienceMs = 5_000;

/**
 * Who owns which files of the folder: a file belongs to the process that holds the lock its name speaks of. A process
 * that is dead holds none, so another may take its lock, and with it its files. Locks are made, taken and deleted only
 * by whoever holds the one lock that is never deleted: no lock can vanish between being found and being taken.
 */
export class Owners implements Disposable {
  readonly own: string;
  readonly #folder: string;
  readonly #held = new Map<string, Disposable>();

  constructor(folder: string, own: string) {
    this.#folder = folder;
    this.own = own;
  }

  /** Makes this process the owner of files that bear its name; again, if somebody emptied the folder. */
  async register(): Promise<void> {
    if (this.#held.has(this.own) && existsSync(this.#lockOf(this.own))) return;
    this.#held.get(this.own)?.[Symbol.dispose]();
    this.#held.delete(this.own);
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 20) {
      if (this.#whileAdopting(() => this.#take(this.own))) return;
      await sleep(20);
    }
    throw new Error(`Another process has been busy in ${this.#folder} for too long`);
  }

  holds(owner: string): boolean {
    return this.#held.has(owner);
  }

  /** Takes over from processes that are dead, and forgets those that have left nothing. */
  adopt(): void {
    this.#whileAdopting(() => {
      const names = readdirSync(this.#folder);
      const withRecords = new Set(names.map(ownerOfRecords));
      const owners = new Set([...names.map(ownerOfLock), ...withRecords]);
      for (const owner of owners) {
        if (owner === null || owner === this.own || !this.#tryToTake(owner)) continue;
        if (!withRecords.has(owner)) this.#forget(owner);
      }
    });
  }

  [Symbol.dispose](): void {
    try {
      this.#whileAdopting(() => {
        const left = new Set(readdirSync(this.#folder).map(ownerOfRecords));
        for (const owner of this.#held.keys()) if (!left.has(owner)) this.#forget(owner);
      });
    } catch {
      // Locks that stay behind are tidied up by whoever adopts next.
    }
    for (const lock of this.#held.values()) lock[Symbol.dispose]();
    this.#held.clear();
  }

  /** Whether the owner's files are ours now. */
  #take(owner: string): boolean {
    if (this.#held.has(owner)) return true;
    const lock = lockFile(this.#lockOf(owner));
    if (lock !== null) this.#held.set(owner, lock);
    return lock !== null;
  }

  /** A lock that cannot even be opened is not ours to take, and holds up no other. */
  #tryToTake(owner: string): boolean {
    try {
      return this.#take(owner);
    } catch {
      return false;
    }
  }

  #forget(owner: string): void {
    unlinkSync(this.#lockOf(owner));
    this.#held.get(owner)?.[Symbol.dispose]();
    this.#held.delete(owner);
  }

  #lockOf(owner: string): string {
    return join(this.#folder, `${owner}.lock`);
  }

  /** Null while another process is at it. `work` is short, and waits for nothing. */
  #whileAdopting<T>(work: () => T): T | null {
    using adopting = lockFile(join(this.#folder, 'adopting.lock'));
    return adopting && work();
  }
}
