import { setImmediate as nextTurn } from 'node:timers/promises';

export type Batcher<Item, Result> = {
  /** Resolves with the item's own result, or rejects with its own error. */
  add(item: Item): Promise<Result>;
};

type Waiting<Item, Result> = {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
};

/**
 * Hands what comes while a batch is under way to the next one: a lone item waits for nobody, and a crowd shares its
 * commits. If a batch fails its items are tried one by one, so that one bad item costs nobody else anything, unless
 * `maySplit` says that it is no use.
 */
export function createBatcher<Item, Result>(
  process: (items: readonly Item[]) => Promise<readonly Result[]>,
  options: {
    sizeMax: number;
    /** Whether the items of a batch that failed with this may be tried one by one. */
    maySplit?: (error: unknown) => boolean;
  },
): Batcher<Item, Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) {
      // One turn of the event loop: what has arrived by now comes along. A database in this very process would
      // otherwise be done with the first item before anybody reads the second.
      await nextTurn();
      await runBatch(waiting.splice(0, options.sizeMax));
    }
    isRunning = false;
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
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (!isRunning) void run();
      }),
  };
}
