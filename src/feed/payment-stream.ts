import type { ChangeReader, PaymentChange } from './change-reader.ts';
import type { Patiently } from './patience.ts';
import type { Watchers } from './watchers.ts';

export type PaymentStreamDeps = {
  reader: ChangeReader;
  watchers: Watchers;
  /** For what is read besides the changes. */
  patiently: Patiently;
};

/**
 * The changes of one payment, each once and in order: the present state first, or every change after `afterSequence`;
 * it ends after the latest change once that is final. It watches before it reads, and the sequence says what is new,
 * so nothing that happens in between is missed or told twice. Holds one number, no queue: a slow reader costs nothing.
 */
export class PaymentStream implements AsyncIterableIterator<PaymentChange> {
  readonly #deps: Omit<PaymentStreamDeps, 'patiently'>;
  readonly #transactionId: string;
  /** The last change that was told; null until the present state has been. */
  #cursor: number | null;
  #read: PaymentChange[] = [];
  #stopWatching: (() => void) | null = null;
  /** Nothing is expected after what was read. */
  #isLast = false;
  #isOver = false;
  #isStale = true;
  #isReading = false;
  #failure: { error: unknown } | null = null;
  #wake: () => void = () => undefined;

  constructor(
    deps: Omit<PaymentStreamDeps, 'patiently'>,
    transactionId: string,
    afterSequence: number | null,
  ) {
    this.#deps = deps;
    this.#transactionId = transactionId;
    this.#cursor = afterSequence;
  }

  async next(): Promise<IteratorResult<PaymentChange, undefined>> {
    // Begins with the first pull, so that a stream that nobody reads leaves nothing behind.
    this.#stopWatching ??= this.#deps.watchers.add(this.#transactionId, {
      sequence: () => this.#cursor ?? 0,
      wake: () => {
        this.#isStale = true;
        this.#wake();
      },
    });
    while (!this.#isOver) {
      const change = this.#read.shift();
      if (change !== undefined) return this.#tell(change);
      if (this.#isStale && !this.#isReading) void this.#look();
      await this.#untilWoken();
    }
    return this.#finish();
  }

  async return(): Promise<IteratorResult<PaymentChange, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  #tell(change: PaymentChange): IteratorResult<PaymentChange, undefined> {
    this.#cursor = change.sequence;
    if (this.#isLast && this.#read.length === 0) this.#end();
    return { done: false, value: change };
  }

  /** Nobody pulls from a stream that threw: its client resumes with another. */
  #finish(): IteratorResult<PaymentChange, undefined> {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure.error;
    return { done: true, value: undefined };
  }

  /** Nobody waits for this itself: whoever leaves while the database is away is let go at once. */
  async #look(): Promise<void> {
    this.#isStale = false;
    this.#isReading = true;
    try {
      const { changes, isLast, isCut } = await this.#deps.reader.read(this.#transactionId, this.#cursor);
      if (this.#isOver) return;
      this.#read = changes;
      this.#isLast = isLast;
      this.#isStale ||= isCut;
      if (isLast && changes.length === 0) this.#end();
    } catch (error) {
      if (!this.#isOver) this.#failure = { error };
      this.#end();
    } finally {
      this.#isReading = false;
      this.#wake();
    }
  }

  async #untilWoken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #end(): void {
    this.#isOver = true;
    this.#read = [];
    this.#stopWatching?.();
    this.#stopWatching = () => undefined;
    this.#wake();
  }
}
