import type { ChangeListener, ChangeSource, Failure } from './change-listener.ts';
import type { PaymentChange } from './change-reader.ts';

type Result = IteratorResult<PaymentChange, undefined>;
type Puller = { resolve: (result: Result) => void; reject: (error: Error) => void };

const done: Result = { done: true, value: undefined };

/** A stream's changes for one who asks for each: it begins with the first pull, and holds one change at a time. */
export class PulledChanges implements AsyncIterableIterator<PaymentChange>, ChangeListener {
  readonly #stream: ChangeSource;
  #isStarted = false;
  #isOver = false;
  #failure: Failure | null = null;
  /** Told and not yet asked for. */
  #change: PaymentChange | null = null;
  #asked: Puller | null = null;
  #taken: () => void = () => undefined;

  constructor(stream: ChangeSource) {
    this.#stream = stream;
  }

  next(): Promise<Result> {
    const change = this.#change;
    if (change !== null) {
      this.#change = null;
      this.#taken();
      return Promise.resolve({ done: false, value: change });
    }
    if (this.#failure !== null) return this.#fail(this.#failure);
    if (this.#isOver) return Promise.resolve(done);
    const asked = new Promise<Result>((resolve, reject) => {
      this.#asked = { resolve, reject };
    });
    if (!this.#isStarted) this.#stream.start(this);
    this.#isStarted = true;
    return asked;
  }

  return(): Promise<Result> {
    this.#stream.stop();
    this.#change = null;
    this.#taken();
    this.end(null);
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  change(change: PaymentChange): Promise<void> | undefined {
    const asked = this.#asked;
    this.#asked = null;
    if (asked !== null) {
      asked.resolve({ done: false, value: change });
      return undefined;
    }
    this.#change = change;
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }

  end(failure: Failure | null): void {
    this.#isOver = true;
    const asked = this.#asked;
    this.#asked = null;
    if (failure === null) asked?.resolve(done);
    else if (asked === null) this.#failure = failure;
    else asked.reject(failure.error);
  }

  /** Nobody pulls from a stream that threw: its client resumes with another. */
  #fail({ error }: Failure): Promise<never> {
    this.#failure = null;
    return Promise.reject(error);
  }
}
