import type { ChangeListener, ChangeSource, Failure } from './change-listener.ts';
import type { ChangeReader, PaymentChange } from './change-reader.ts';
import type { Patiently } from './patience.ts';
import { PulledChanges } from './pulled-changes.ts';
import type { Watcher, Watchers } from './watchers.ts';

export type PaymentStreamDeps = {
  reader: ChangeReader;
  watchers: Watchers;
  /** For what is read besides the changes. */
  patiently: Patiently;
};

/**
 * The changes of one payment, each once and in order: the present state first, or every change after `afterSequence`;
 * it ends after the latest change once that is final. It watches before it reads, and the sequence says what is new,
 * so nothing that happens in between is missed or told twice. While nothing happens it holds one number and nothing
 * waits on it: there may be thousands. A slow listener costs nothing more.
 */
export class PaymentStream implements Watcher, ChangeSource, AsyncIterable<PaymentChange> {
  readonly #deps: Omit<PaymentStreamDeps, 'patiently'>;
  readonly #transactionId: string;
  /** The last change that was told; null until the present state has been. */
  #cursor: number | null;
  /** Null before it was started and after its end. */
  #listener: ChangeListener | null = null;
  #isStale = true;
  #isTelling = false;

  constructor(
    deps: Omit<PaymentStreamDeps, 'patiently'>,
    transactionId: string,
    afterSequence: number | null,
  ) {
    this.#deps = deps;
    this.#transactionId = transactionId;
    this.#cursor = afterSequence;
  }

  /** Once. A stream that was never started leaves nothing behind. */
  start(listener: ChangeListener): void {
    this.#listener = listener;
    this.#deps.watchers.add(this.#transactionId, this);
    void this.#tell(listener);
  }

  /** At once, whatever is under way: nothing more is told. */
  stop(): void {
    if (this.#listener === null) return;
    this.#listener = null;
    this.#deps.watchers.remove(this.#transactionId, this);
  }

  [Symbol.asyncIterator](): PulledChanges {
    return new PulledChanges(this);
  }

  sequence(): number {
    return this.#cursor ?? 0;
  }

  wake(): void {
    this.#isStale = true;
    if (this.#listener !== null && !this.#isTelling) void this.#tell(this.#listener);
  }

  async #tell(listener: ChangeListener): Promise<void> {
    this.#isTelling = true;
    try {
      while (this.#isStale && this.#listener !== null) {
        if (await this.#tellUnknown(listener)) this.#end(null);
      }
    } catch (error) {
      this.#end({ error: error as Error });
    } finally {
      this.#isTelling = false;
    }
  }

  /** Whether that was all that there will be. */
  async #tellUnknown(listener: ChangeListener): Promise<boolean> {
    this.#isStale = false;
    const { changes, isLast, isCut } = await this.#deps.reader.read(this.#transactionId, this.#cursor);
    this.#isStale ||= isCut;
    for (const change of changes) {
      if (this.#listener === null) break;
      this.#cursor = change.sequence;
      const told = listener.change(change);
      if (told !== undefined) await told;
    }
    return isLast;
  }

  #end(failure: Failure | null): void {
    const listener = this.#listener;
    this.stop();
    listener?.end(failure);
  }
}
