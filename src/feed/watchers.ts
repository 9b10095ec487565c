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
  /** Answers with how many payments had someone who knew less. */
  wakeBehind(latest: readonly { id: string; sequence: number; isFinal: boolean }[]): number;
  watched(): string[];
  counts(): { watchers: number; payments: number };
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
      let behind = 0;
      for (const { id, sequence, isFinal } of latest) {
        const late = [...of(id)].filter((watcher) => watcher.sequence() < sequence);
        for (const watcher of isFinal ? of(id) : late) watcher.wake();
        if (late.length > 0) behind += 1;
      }
      return behind;
    },
    watched: () => [...byPayment.keys()],
    counts: () => ({
      payments: byPayment.size,
      watchers: byPayment.values().reduce((sum, { size }) => sum + size, 0),
    }),
  };
}
