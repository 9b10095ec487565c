import { readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import type { Logger } from '../../lib/logger.ts';
import { within } from '../../lib/within.ts';
import { ownerOfRecords } from './file-names.ts';
import { frame, readFrames } from './frames.ts';
import { decodeRecord, encodeRecord, type SpoolRecord } from './record.ts';
import { SpoolFolder } from './spool-folder.ts';
import { SpoolWriter } from './spool-writer.ts';

export type SpoolDeps = {
  /** Made where it is missing. May be shared by processes of one machine. */
  folder: string;
  /** All that the folder may hold. */
  bytesMax: number;
  clock: Clock;
  logger: Logger;
};

/** A file that nothing is added to any longer, and how many of its records wait. */
export type ClosedFile = { name: string; records: number };

/** The folder cannot be written to; the message names it. */
export class SpoolUnusableError extends Error {
  override readonly name = 'SpoolUnusableError';
}

/** A disk that takes longer has not kept the record, as far as its sender is concerned. */
const patienceMs = 5_000;

/** Where callbacks are kept while the database cannot have them: in files of this process, and of those that have died. */
export class Spool implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #folder: SpoolFolder;
  readonly #writer: SpoolWriter;
  readonly #closed = new Map<string, ClosedFile>();
  /** Since it was last empty. */
  #kept = 0;

  private constructor({ folder, bytesMax, clock, logger }: SpoolDeps) {
    this.#logger = logger;
    this.#folder = new SpoolFolder(folder, newId(clock.now()), bytesMax);
    this.#writer = new SpoolWriter(this.#folder, clock);
  }

  /** Throws a SpoolUnusableError where nothing could be kept. */
  static async open(deps: SpoolDeps): Promise<Spool> {
    const spool = new Spool(deps);
    try {
      await spool.#folder.prepare();
      await spool.#folder.tryToWrite();
      await spool.#folder.measure();
      return spool;
    } catch (error) {
      await spool[Symbol.asyncDispose]();
      throw new SpoolUnusableError(
        `${deps.folder} cannot be written to, and callbacks are kept there while the database is away: ${String(error)}`,
      );
    }
  }

  /** How many records wait for the database. */
  get records(): number {
    return this.#closed.values().reduce((sum, { records }) => sum + records, this.#writer.records);
  }

  /** What the folder holds, whoever wrote it. */
  get bytes(): number {
    return this.#folder.bytes;
  }

  /** What it may hold. */
  get bytesMax(): number {
    return this.#folder.bytesMax;
  }

  /** Whether there is nothing to replay. */
  get isEmpty(): boolean {
    return this.#closed.size === 0 && this.#writer.records === 0;
  }

  /** Whether another callback could be kept. */
  async canKeep(): Promise<boolean> {
    return this.#folder.canKeep();
  }

  /** Returns when the record is on the disk. `reason` is why the database does not have it. */
  async append(record: SpoolRecord, reason?: unknown): Promise<void> {
    await within(this.#writer.add(frame(encodeRecord(record))), patienceMs);
    if (this.#kept === 0) this.#logger.warn({ err: reason }, 'callbacks are kept in the spool from now on');
    this.#kept += 1;
  }

  /** To be called when no record waits any longer. */
  noteEmptied(replayed: number): void {
    if (this.#kept + replayed === 0) return;
    this.#logger.info({ kept: this.#kept, replayed }, 'the spool is empty again');
    this.#kept = 0;
  }

  /** Takes over the files of processes that have died. */
  async adopt(): Promise<void> {
    const { owners, path } = this.#folder;
    owners.adopt();
    for (const name of await readdir(path)) {
      const owner = ownerOfRecords(name);
      if (owner === null || owner === owners.own || !owners.holds(owner) || this.#closed.has(name)) continue;
      await this.#adoptFile(name);
    }
    await this.#folder.measure();
  }

  /** One that cannot be read holds up no other; it is tried again when next we adopt. */
  async #adoptFile(name: string): Promise<void> {
    try {
      const { records } = await this.read(name);
      this.#closed.set(name, { name, records: records.length });
      this.#logger.info(
        { file: name, records: records.length },
        'another process left callbacks in the spool',
      );
    } catch (error) {
      this.#logger.error({ err: error, file: name }, 'a file of the spool cannot be read');
    }
  }

  /** Closes the file that records are added to, if there is one: what comes from now on is added to another. */
  async close(): Promise<void> {
    for (const file of await this.#writer.handOver()) this.#closed.set(file.name, file);
  }

  /** The files to replay, oldest first. */
  get closedFiles(): ClosedFile[] {
    return [...this.#closed.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What can be read of a closed file. */
  async read(name: string): Promise<{ records: SpoolRecord[]; isDamaged: boolean }> {
    const { payloads, isDamaged } = readFrames(await readFile(this.#folder.pathOf(name)));
    const records = payloads.map(tryToDecode).filter((record) => record !== null);
    return { records, isDamaged: isDamaged || records.length < payloads.length };
  }

  /** Only for a file of which the database has every record that could be read. What could not is never deleted. */
  async finish({ name }: ClosedFile, isDamaged: boolean): Promise<void> {
    const path = this.#folder.pathOf(name);
    if (isDamaged) {
      await rename(path, `${path}.damaged`);
      this.#logger.error(
        { file: `${path}.damaged` },
        'a file of the spool cannot be read whole; it was put aside',
      );
    } else {
      const { size } = await stat(path);
      await unlink(path);
      this.#folder.note(-size);
    }
    this.#closed.delete(name);
  }

  /** For a file that somebody took away: what was in it can only be said to be lost. */
  forget({ name, records }: ClosedFile): void {
    this.#closed.delete(name);
    this.#logger.error({ file: name, records }, 'a file of the spool is gone, and with it what was in it');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.handOver();
    this.#folder[Symbol.dispose]();
  }
}

function tryToDecode(payload: Buffer): SpoolRecord | null {
  try {
    return decodeRecord(payload);
  } catch {
    return null;
  }
}
