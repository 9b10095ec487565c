/** Something that wants to know when a payment changes. It is woken, and then reads for itself. */
export type Watcher = {
  /** The last change it knows. */
  sequence(): number;
  wake(): void;
};

/** Who watches which payment, in this process. */
export type Watchers = {
  /** Answers with the function that takes the watcher away. */
  add(transactionId: string, watcher: Watcher): () => void;
  wake(transactionIds: readonly string[]): void;
  /** Wakes those that know less than is there, and those who wait for what will not come. */
  wakeBehind(latest: readonly { id: string; sequence: number; isFinal: boolean }[]): void;
  watched(): string[];
};

export function createWatchers(): Watchers {
  const byPayment = new Map<string, Set<Watcher>>();
  const of = (id: string): ReadonlySet<Watcher> => byPayment.get(id) ?? new Set();
  return {
    add(transactionId, watcher) {
      const watchers = byPayment.get(transactionId) ?? new Set();
      byPayment.set(transactionId, watchers.add(watcher));
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0 && byPayment.get(transactionId) === watchers) byPayment.delete(transactionId);
      };
    },
    wake(transactionIds) {
      for (const id of transactionIds) for (const watcher of of(id)) watcher.wake();
    },
    wakeBehind(latest) {
      for (const { id, sequence, isFinal } of latest) {
        for (const watcher of of(id)) if (isFinal || watcher.sequence() < sequence) watcher.wake();
      }
    },
    watched: () => [...byPayment.keys()],
  };
}
