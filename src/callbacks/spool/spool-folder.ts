import { mkdir, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holdsRecords } from './file-names.ts';
import { Owners } from './owners.ts';

/** As much as the largest callback needs. */
const roomMin = 128 * 1024;

/** The folder that holds the spool of one process, and perhaps of others. */
export class SpoolFolder implements Disposable {
  readonly path: string;
  readonly owners: Owners;
  readonly bytesMax: number;
  #bytes = 0;
  #testing: Promise<boolean> | null = null;

  constructor(path: string, owner: string, bytesMax: number) {
    this.path = path;
    this.owners = new Owners(path, owner);
    this.bytesMax = bytesMax;
  }

  /** What all its files of records hold, whoever wrote them. */
  get bytes(): number {
    return this.#bytes;
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  /** Makes it ready to be written to: at the start, and again should somebody have emptied it. */
  async prepare(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    await this.owners.register();
  }

  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.bytesMax;
  }

  /** `bytes` more, or fewer, since it was last measured. */
  note(bytes: number): void {
    this.#bytes += bytes;
  }

  async measure(): Promise<void> {
    const names = (await readdir(this.path)).filter(holdsRecords);
    const sizes = await Promise.all(names.map((name) => sizeOf(this.pathOf(name))));
    this.#bytes = sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Whether another callback would find room, on a disk that takes it. */
  async canKeep(): Promise<boolean> {
    if (!this.hasRoomFor(roomMin)) return false;
    this.#testing ??= this.#isWritable().finally(() => (this.#testing = null));
    return this.#testing;
  }

  async tryToWrite(): Promise<void> {
    const path = this.pathOf(`${this.owners.own}.test`);
    await writeFile(path, Buffer.alloc(4096));
    await unlink(path);
  }

  [Symbol.dispose](): void {
    this.owners[Symbol.dispose]();
  }

  async #isWritable(): Promise<boolean> {
    try {
      await this.tryToWrite();
      return true;
    } catch {
      return false;
    }
  }
}

/** Another process may delete its files at any time. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
