import { randomUUID } from 'node:crypto';
import { sleep } from '../../lib/sleep.ts';
import { untraced } from '../../lib/trace.ts';
import { within } from '../../lib/within.ts';
import type { CreateHintLink, HintLink } from './hint-link.ts';
import { idsPerHintMax, readHint, writeHint } from './hint-text.ts';
import type { Hints, HintsDeps } from './hints.ts';

export type RelayedHintsDeps = HintsDeps & { createLink: CreateHintLink };

/** How long ids are collected before they are sent, in milliseconds. */
const collectMs = 5;
/** A link that is silent for this long is asked whether it is alive, in milliseconds. */
const pingAfterMs = 4_000;
/** A link whose other end answers nothing for this long is lost, in milliseconds. */
const answerMsMax = 8_000;
const reconnectMs = { min: 200, max: 10_000 };
/** Above this, ids are dropped: catching up finds them. */
const queuedIdsMax = 10_000;

/**
 * Hints that other processes get too, over a link that is made again whenever it is lost. While there is none, nothing
 * is kept for them: by the time that there is one, catching up has told.
 */
export class RelayedHints implements Hints {
  readonly #deps: RelayedHintsDeps;
  readonly #origin = randomUUID();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  readonly #queued = new Set<string>();
  /** When the first of the queued ids came. */
  #queuedAt = 0;
  /** When the first id of each hint came that is on its way and has not come back. By our own clock alone. */
  readonly #underWay: number[] = [];
  #link: HintLink | null = null;
  #isOpen = false;
  #isKnownLost = false;
  #lostBy: Error | null = null;
  #endPause: () => void = () => undefined;

  constructor(deps: RelayedHintsDeps) {
    this.#deps = deps;
    this.#running = this.#run();
  }

  publish(transactionIds: readonly string[]): void {
    this.#deps.watchers.wake(transactionIds);
    if (!this.#isOpen) return;
    if (this.#queued.size === 0) this.#queuedAt = performance.now();
    for (const id of transactionIds) if (this.#queued.size < queuedIdsMax) this.#queued.add(id);
    this.#endPause();
  }

  get isLinked(): boolean {
    return this.#isOpen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#endPause();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      await this.#useLink();
      // One that breaks as soon as it is made is a failure too.
      failures = performance.now() - startedAt > reconnectMs.max ? 0 : failures + 1;
      await sleep(reconnectPauseMs(failures), signal);
    }
  }

  /** Returns when the link is lost. */
  async #useLink(): Promise<void> {
    this.#lostBy = null;
    try {
      const link = this.#createLink();
      this.#link = link;
      await within(link.open(), answerMsMax, this.#stopping.signal);
      this.#sayFound();
      await this.#relay(link);
    } catch (error) {
      this.#sayLost(error);
    } finally {
      this.#isOpen = false;
      this.#queued.clear();
      this.#underWay.length = 0;
      this.#link?.destroy();
      this.#link = null;
    }
  }

  #createLink(): HintLink {
    const link = this.#deps.createLink({
      hint: (text) => this.#receive(text),
      lost: (error) => {
        // The one before may break for a second time.
        if (this.#link === link) this.#lose(error);
      },
    });
    return link;
  }

  async #relay(link: HintLink): Promise<void> {
    this.#isOpen = true;
    while (!this.#stopping.signal.aborted) {
      await this.#untilDue();
      if (this.#lostBy !== null) throw this.#lostBy;
      const ids = this.#takeQueued();
      if (ids.length > 0) this.#underWay.push(this.#queuedAt);
      // One at a time: what comes meanwhile goes together with the next one.
      const answer = ids.length > 0 ? this.#send(link, ids) : link.ping();
      await within(answer, answerMsMax, this.#stopping.signal);
    }
  }

  async #send(link: HintLink, ids: readonly string[]): Promise<unknown> {
    const { trace = untraced } = this.#deps;
    return trace('publish hint', { 'malipo.transaction.ids': ids }, () =>
      link.send(writeHint(this.#origin, ids)).then(() => undefined),
    );
  }

  /** Until there are ids to send, or it is time to see whether the link is alive. */
  async #untilDue(): Promise<void> {
    if (this.#queued.size === 0) await this.#pause(pingAfterMs);
    if (this.#queued.size > 0 && this.#queued.size < idsPerHintMax) await sleep(collectMs);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#lostBy !== null || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #takeQueued(): string[] {
    const ids = this.#queued.values().take(idsPerHintMax).toArray();
    for (const id of ids) this.#queued.delete(id);
    return ids;
  }

  #receive(text: string): void {
    const { origin, transactionIds } = readHint(text);
    if (origin !== this.#origin) this.#deps.watchers.wake(transactionIds);
    else this.#noteReturned();
  }

  /** It comes back to us when it reaches the others: over one link, in the order in which they were sent. */
  #noteReturned(): void {
    const sentAt = this.#underWay.shift();
    if (sentAt !== undefined) this.#deps.observeLag?.(performance.now() - sentAt);
  }

  #lose(error: Error): void {
    this.#lostBy ??= error;
    this.#endPause();
  }

  /** Once for each loss, however often the next link fails. */
  #sayLost(error: unknown): void {
    if (this.#isKnownLost || this.#stopping.signal.aborted) return;
    this.#isKnownLost = true;
    this.#deps.logger.warn(
      { err: error },
      'hints do not reach other processes: their watchers hear of changes up to 2 s later',
    );
  }

  #sayFound(): void {
    if (this.#isKnownLost) this.#deps.logger.info('hints reach other processes again');
    this.#isKnownLost = false;
  }
}

/** Twice as long after each failure; spread out, so that many processes do not come back at once. */
function reconnectPauseMs(failures: number): number {
  const longest = Math.min(reconnectMs.min * 2 ** Math.min(failures, 10), reconnectMs.max);
  return longest * (0.5 + Math.random() / 2);
}
