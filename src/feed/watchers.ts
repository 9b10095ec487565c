/** Something that wants to know when a payment changes. It is woken, and then reads for itself. */
export type Watcher = {
  /** The last change it knows. */
  sequence(): number;
  wake(): void;
};

/** Who watches which payment, in this process. */
export type Watchers = {
  add(transactionId: string, watcher: Watcher): void;
  remove(transactionId: string, watcher: Watcher): void;
  wake(transactionIds: readonly string[]): void;
  /**
   * Wakes those that know less than is there, and those who wait for what will not come. Answers with how many payments
   * had someone who knew less.
   */
  wakeBehind(latest: readonly { id: string; sequence: number; isFinal: boolean }[]): number;
  /** Each payment that is watched, with the least that one of its watchers knows of it. */
  known(): { ids: string[]; sequences: number[] };
  counts(): { watchers: number; payments: number };
};

/** Most payments are watched by one, who needs no set. */
type Audience = Watcher | Set<Watcher>;

export function createWatchers(): Watchers {
  const byPayment = new Map<string, Audience>();
  const of = (id: string): Iterable<Watcher> => each(byPayment.get(id));
  return {
    add(transactionId, watcher) {
      const audience = byPayment.get(transactionId);
      if (audience === undefined) byPayment.set(transactionId, watcher);
      else if (audience instanceof Set) audience.add(watcher);
      else byPayment.set(transactionId, new Set([audience, watcher]));
    },
    remove(transactionId, watcher) {
      const audience = byPayment.get(transactionId);
      if (audience instanceof Set) audience.delete(watcher);
      if (audience === watcher || (audience instanceof Set && audience.size === 0))
        byPayment.delete(transactionId);
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
    known: () => ({
      ids: [...byPayment.keys()],
      sequences: byPayment.values().map(leastKnown).toArray(),
    }),
    counts: () => ({
      payments: byPayment.size,
      watchers: byPayment.values().reduce((sum, audience) => sum + sizeOf(audience), 0),
    }),
  };
}

function each(audience: Audience | undefined): Iterable<Watcher> {
  if (audience === undefined) return [];
  return audience instanceof Set ? audience : [audience];
}

function sizeOf(audience: Audience): number {
  return audience instanceof Set ? audience.size : 1;
}

function leastKnown(audience: Audience): number {
  if (!(audience instanceof Set)) return audience.sequence();
  return audience.values().reduce((least, watcher) => Math.min(least, watcher.sequence()), Infinity);
}
