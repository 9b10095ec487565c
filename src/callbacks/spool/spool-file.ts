import { open, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that records are added to. What was added is on the disk, and nothing unreadable stands before it. */
export class SpoolFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #size = 0;
  #isSound = true;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  static async create(path: string): Promise<SpoolFile> {
    const file = new SpoolFile(path, await open(path, 'wx', 0o600));
    try {
      await syncDirectory(dirname(path));
      return file;
    } catch (error) {
      await file.close();
      await unlink(path);
      throw error;
    }
  }

  /** How many bytes were added for good. */
  get size(): number {
    return this.#size;
  }

  /** False: whatever came next could stand behind something torn, so nothing more may be added. */
  get isSound(): boolean {
    return this.#isSound;
  }

  async append(bytes: Buffer): Promise<void> {
    try {
      await this.#write(bytes);
    } catch (error) {
      await this.#cutBack();
      throw error;
    }
    try {
      await this.#handle.datasync();
      await this.#assertStillThere();
    } catch (error) {
      // After a sync that failed nobody knows what the disk has, and a second one may say nothing of it.
      this.#isSound = false;
      throw error;
    }
    this.#size += bytes.length;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** A write may be partial. */
  async #write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, this.#size + done);
      if (bytesWritten === 0) throw new Error('The disk took nothing');
      done += bytesWritten;
    }
  }

  async #cutBack(): Promise<void> {
    try {
      await this.#handle.truncate(this.#size);
      await this.#handle.datasync();
    } catch {
      this.#isSound = false;
    }
  }

  /** What is written to a file that somebody deleted or moved is on no disk, or will not be found there. */
  async #assertStillThere(): Promise<void> {
    const [there, ours] = await Promise.all([stat(this.path), this.#handle.stat()]);
    if (there.ino !== ours.ino || there.dev !== ours.dev) throw new Error('The spool file is not there');
  }
}

/** A new file is found after a power failure only if its directory was synced too. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
