import type { PaymentChange } from './change-reader.ts';

/** Whom a stream tells. */
export type ChangeListener = {
  /** The next change. What it answers with is waited for before another is told. */
  change(change: PaymentChange): Promise<void> | undefined;
  /** Nothing follows. Not told to one who has left. */
  end(failure: Failure | null): void;
};

export type Failure = { error: Error };

export type ChangeSource = {
  /** Once. */
  start(listener: ChangeListener): void;
  /** At once, whatever is under way: nothing more is told. */
  stop(): void;
};
