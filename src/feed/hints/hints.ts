import type { Logger } from '../../lib/logger.ts';
import type { Trace } from '../../lib/trace.ts';
import type { Watchers } from '../watchers.ts';

/** Tells whoever watches, in this process and in others, to look. A hint may be lost: catching up finds what it told. */
export type Hints = AsyncDisposable & {
  /** Whether hints reach other processes now; true where there are none. */
  readonly isLinked: boolean;
  /**
   * To be called after the commit. Wakes this process's own watchers at once, and those of other processes soon.
   * Never throws and never waits.
   */
  publish(transactionIds: readonly string[]): void;
};

export type HintsDeps = {
  watchers: Pick<Watchers, 'wake'>;
  logger: Logger;
  /** Told how long a hint of ours took to come back to us over the relay, in milliseconds. Must not throw. */
  observeLag?: (ms: number) => void;
  trace?: Trace;
};
