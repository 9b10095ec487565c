import { createBatcher } from '../lib/batcher.ts';

/** Null where there is no row with this key. */
export type Lookup<Row> = (key: string) => Promise<Row | null>;

/** Keys looked up by one statement. */
const keysMax = 500;

/**
 * Finds rows by a key, with one statement for all who ask at the same time: a crowd takes one connection, and a lone
 * caller waits for nobody. What was committed before a call is seen by it.
 */
export function createLookup<Row>(
  find: (keys: readonly string[]) => Promise<Row[]>,
  keyOf: (row: Row) => string,
): Lookup<Row> {
  const batcher = createBatcher<string, { row: Row | null }>(
    async (keys) => {
      const rows = await find([...new Set(keys)]);
      const byKey = new Map(rows.map((row) => [keyOf(row), row]));
      return keys.map((key) => ({ row: byKey.get(key) ?? null }));
    },
    // A statement that fails does so for the database's reasons, not for those of one key.
    { sizeMax: keysMax, maySplit: () => false },
  );
  return async (key) => (await batcher.add(key)).row;
}
