import { codeOf } from '../../lib/error-code.ts';
import type { Logger } from '../../lib/logger.ts';
import { sleep } from '../../lib/sleep.ts';
import type { Inbox } from '../inbox.ts';
import { DatabaseAwayError, replayRecords, type Failure, type ReplayRecordsDeps } from './replay-records.ts';
import type { SpoolRecord } from './record.ts';
import type { ClosedFile, Spool } from './spool.ts';

export type ReplayDeps = ReplayRecordsDeps & {
  spool: Spool;
  inbox: Pick<Inbox, 'isDatabaseAway' | 'databaseIsBack'>;
  logger: Logger;
  /** Before records that the database refused are tried again, in milliseconds; twice as long each time. */
  retryMs?: number;
};

/** Between two looks for something to do, in milliseconds. */
const idleMs = 500;
/** Between two looks for processes that have died. */
const adoptionMs = 10_000;
/** While the database is away: from the first to the longest pause before it is asked again. */
const awayMsMin = 250;
const awayMsMax = 5_000;
const retryMsMin = 10_000;
const retryMsMax = 300_000;
const progressMs = 10_000;

/**
 * Brings what the spool holds into the database, oldest first, and says when the database is back. Whatever it does not
 * get done stays in the spool. May be started before the database can be reached.
 */
export function startReplay(deps: ReplayDeps): AsyncDisposable {
  const replay = new Replay(deps);
  const done = replay.run();
  return {
    async [Symbol.asyncDispose]() {
      replay.stop();
      await done;
    },
  };
}

/** How far one file is; `left` are the ids of the records to be stored, once they were read. */
type Progress = { left: Set<string> | null; tries: number; retryAt: number };

class Replay {
  readonly #deps: ReplayDeps;
  readonly #stopping = new AbortController();
  readonly #progress = new Map<string, Progress>();
  #adoptAt = 0;
  #closeAt = 0;
  /** Since the spool was last empty. */
  #replayed = 0;
  #saidAt = 0;

  constructor(deps: ReplayDeps) {
    this.#deps = deps;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      failures = (await this.#isRoundDone()) ? 0 : failures + 1;
      await sleep(failures === 0 ? idleMs : pauseAfter(failures), signal);
    }
  }

  /** Whether nothing stood in the way. */
  async #isRoundDone(): Promise<boolean> {
    try {
      await this.#adopt();
      await this.#replayAll();
      return true;
    } catch (error) {
      const isExpected = this.#stopping.signal.aborted || error instanceof DatabaseAwayError;
      if (!isExpected) this.#deps.logger.error({ err: error }, 'the spool stumbled; it goes on');
      return false;
    }
  }

  async #adopt(): Promise<void> {
    if (performance.now() < this.#adoptAt) return;
    this.#adoptAt = performance.now() + adoptionMs;
    await this.#deps.spool.adopt();
  }

  async #replayAll(): Promise<void> {
    const { spool, inbox, retryMs = retryMsMin } = this.#deps;
    if (spool.isEmpty && !inbox.isDatabaseAway()) return;
    if (!(await this.#deps.databaseAnswers())) throw new DatabaseAwayError('The database is away');
    inbox.databaseIsBack();
    this.#saidAt = performance.now();
    // While files wait to be tried again, the next one is left to grow: two a second would soon be thousands.
    if (!this.#isAnyPostponed() || performance.now() >= this.#closeAt) {
      this.#closeAt = performance.now() + retryMs;
      await spool.close();
    }
    for (const file of spool.closedFiles) await this.#replayFile(file);
    if (!spool.isEmpty) return;
    spool.noteEmptied(this.#replayed);
    this.#replayed = 0;
  }

  #isAnyPostponed(): boolean {
    return this.#progress.values().some(({ retryAt }) => retryAt > performance.now());
  }

  /** A file that cannot be replayed holds up no other. */
  async #replayFile(file: ClosedFile): Promise<void> {
    const progress = this.#progress.get(file.name) ?? { left: null, tries: 0, retryAt: 0 };
    this.#progress.set(file.name, progress);
    if (performance.now() < progress.retryAt) return;
    try {
      const { records, isDamaged } = await this.#deps.spool.read(file.name);
      const failures = await this.#replayRecords(file, progress, records);
      if (failures.length > 0) return this.#postpone(file, progress, failures);
      await this.#deps.spool.finish(file, isDamaged);
      this.#progress.delete(file.name);
    } catch (error) {
      if (error instanceof DatabaseAwayError || this.#stopping.signal.aborted) throw error;
      if (isGone(error)) {
        this.#deps.spool.forget(file);
        this.#progress.delete(file.name);
        return;
      }
      this.#postpone(file, progress, [{ error }]);
    }
  }

  async #replayRecords(
    file: ClosedFile,
    progress: Progress,
    records: readonly SpoolRecord[],
  ): Promise<Failure[]> {
    const left = (progress.left ??= new Set(records.map(({ id }) => id)));
    const todo = records.filter(({ id }) => left.has(id));
    return replayRecords(
      this.#deps,
      todo,
      (stored) => {
        for (const { id } of stored) left.delete(id);
        file.records = left.size;
        this.#noteReplayed(stored.length);
      },
      this.#stopping.signal,
    );
  }

  #noteReplayed(records: number): void {
    this.#replayed += records;
    if (performance.now() < this.#saidAt + progressMs) return;
    this.#saidAt = performance.now();
    const { records: waiting } = this.#deps.spool;
    this.#deps.logger.info({ replayed: this.#replayed, waiting }, 'the spool is being replayed');
  }

  /** They wait in their file: here until they are tried again, and for the next process should this one end before. */
  #postpone({ name }: ClosedFile, progress: Progress, failures: readonly Partial<Failure>[]): void {
    const { retryMs = retryMsMin, logger } = this.#deps;
    const pauseMs = Math.min(retryMs * 2 ** progress.tries, retryMsMax);
    progress.tries += 1;
    progress.retryAt = performance.now() + pauseMs;
    const ids = failures.slice(0, 10).map(({ record }) => record?.id);
    logger.error(
      { err: failures[0]?.error, file: name, records: failures.length, ids },
      'records of the spool cannot be stored although the database answers; they are kept and tried again',
    );
  }
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** With jitter: all processes lost the database at the same moment. */
function pauseAfter(failures: number): number {
  return Math.min(awayMsMin * 2 ** (failures - 1), awayMsMax) * (0.75 + Math.random() / 2);
}
