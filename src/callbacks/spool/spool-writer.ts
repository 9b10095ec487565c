import { unlink } from 'node:fs/promises';
import { createBatcher, type Batcher } from '../../lib/batcher.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/ids.ts';
import { recordsName } from './file-names.ts';
import { SpoolFile } from './spool-file.ts';
import type { SpoolFolder } from './spool-folder.ts';

/** Small enough to be read at once when it is replayed. */
const fileBytesMax = 8 * 1024 * 1024;
/** Records that share a write and a sync. */
const groupMax = 200;
/** Records that wait for the disk: one that hangs must not fill the memory. */
const queuedMax = 5_000;

/** Adds records to files of this process, one file after the other. */
export class SpoolWriter {
  readonly #folder: SpoolFolder;
  readonly #clock: Clock;
  readonly #writes: Batcher<Buffer, true>;
  #current: { name: string; file: SpoolFile; records: number } | null = null;
  #closed: { name: string; records: number }[] = [];
  #queued = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: SpoolFolder, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
    this.#writes = createBatcher((group) => this.#inTurn(() => this.#write(group)), {
      sizeMax: groupMax,
      maySplit: () => false,
    });
  }

  /** Records in files that were not handed over yet. */
  get records(): number {
    return this.#closed.reduce((sum, { records }) => sum + records, this.#current?.records ?? 0);
  }

  /** Resolves when the bytes are on the disk. */
  async add(bytes: Buffer): Promise<void> {
    if (this.#queued >= queuedMax) throw new Error('The disk does not keep up');
    this.#queued += 1;
    try {
      await this.#writes.add(bytes);
    } finally {
      this.#queued -= 1;
    }
  }

  /** Hands over what was written: nothing is added to these files any longer. */
  async handOver(): Promise<{ name: string; records: number }[]> {
    return this.#inTurn(async () => {
      await this.#closeCurrent();
      return this.#closed.splice(0);
    });
  }

  async #write(group: readonly Buffer[]): Promise<true[]> {
    const bytes = Buffer.concat(group);
    if (!this.#folder.hasRoomFor(bytes.length)) throw new Error('The spool is full');
    const current = await this.#fileToAddTo();
    try {
      await current.file.append(bytes);
    } catch (error) {
      if (!current.file.isSound) await this.#closeCurrent();
      throw error;
    }
    current.records += group.length;
    this.#folder.note(bytes.length);
    return group.map(() => true);
  }

  async #fileToAddTo() {
    if (this.#current !== null && this.#current.file.size >= fileBytesMax) await this.#closeCurrent();
    return (this.#current ??= await this.#begin());
  }

  async #begin() {
    await this.#folder.prepare();
    const name = recordsName(newId(this.#clock.now()), this.#folder.owners.own);
    return { name, file: await SpoolFile.create(this.#folder.pathOf(name)), records: 0 };
  }

  async #closeCurrent(): Promise<void> {
    if (this.#current === null) return;
    const { name, file, records } = this.#current;
    this.#current = null;
    // Whatever closing says: what is in it was synced, and its senders were told so.
    if (records > 0) this.#closed.push({ name, records });
    await file.close();
    // Of an empty one, nobody was told that anything in it is kept.
    if (records === 0) await unlink(file.path).catch(() => undefined);
  }

  /** One write or change of file after the other. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
