/** Tells whoever watches, in this process and in others, to look. A hint may be lost: catching up finds what it told. */
export type Hints = AsyncDisposable & {
  /**
   * To be called after the commit. Wakes this process's own watchers at once, and those of other processes soon.
   * Never throws and never waits.
   */
  publish(transactionIds: readonly string[]): void;
};
