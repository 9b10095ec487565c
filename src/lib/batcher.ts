import { setImmediate as nextTurn } from 'node:timers/promises';

export type Batcher<Item, Result> = {
  /**
   * Resolves with the item's own result, or rejects with its own error. One that is no longer wanted when its turn comes
   * is left out.
   */
  add(item: Item, isWanted?: () => boolean): Promise<Result>;
};

type Waiting<Item, Result> = {
  item: Item;
  isWanted: () => boolean;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
};

const always = (): boolean => true;

/**
 * Hands what comes while a batch is under way to the next one: a lone item waits for nobody, and a crowd shares its
 * commits. If a batch fails its items are tried one by one, so that one bad item costs nobody else anything, unless
 * `maySplit` says that it is no use.
 */
export function createBatcher<Item, Result>(
  process: (items: readonly Item[]) => Promise<readonly Result[]>,
  options: {
    sizeMax: number;
    /** Batches under way at a time; one where nobody says. */
    atOnce?: number;
    /** Whether the items of a batch that failed with this may be tried one by one. */
    maySplit?: (error: unknown) => boolean;
  },
): Batcher<Item, Result> {
  const { atOnce = 1 } = options;
  const waiting: Waiting<Item, Result>[] = [];
  let running = 0;

  async function run(): Promise<void> {
    running += 1;
    while (waiting.length > 0) {
      // One turn of the event loop: what has arrived by now comes along. A database in this very process would
      // otherwise be done with the first item before anybody reads the second.
      await nextTurn();
      const batch = takeBatch();
      if (batch.length > 0) await runBatch(batch);
    }
    running -= 1;
  }

  /** In a crowd that has been waiting for too long, those who have left must not hold up those who have just come. */
  function takeBatch(): Waiting<Item, Result>[] {
    const batch: Waiting<Item, Result>[] = [];
    while (batch.length < options.sizeMax) {
      const next = waiting.shift();
      if (next === undefined) break;
      if (next.isWanted()) batch.push(next);
      else next.reject(new Error('Nobody waits for it any longer'));
    }
    return batch;
  }

  async function runBatch(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await process(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined) reject(new Error('The batch gave no result for this item'));
        else resolve(result);
      });
    } catch (error) {
      const isSplit = batch.length > 1 && (options.maySplit?.(error) ?? true);
      if (!isSplit) for (const { reject } of batch) reject(error);
      // Beside the next batch: what holds up one of them must not hold up all who come after.
      else void Promise.all(batch.map((one) => runBatch([one])));
    }
  }

  return {
    add: (item, isWanted = always) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, isWanted, resolve, reject });
        if (running < atOnce) void run();
      }),
  };
}
