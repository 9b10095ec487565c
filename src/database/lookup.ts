import { createSharedRead } from '../lib/shared-read.ts';

/** Null where there is no row with this key. */
export type RowLookup<Row> = (key: string) => Promise<Row | null>;

/** Keys looked up by one statement. */
const keysMax = 500;

/** Finds rows by a key, with one statement for all who ask at the same time. */
export function createLookup<Row>(
  find: (keys: readonly string[]) => Promise<Row[]>,
  keyOf: (row: Row) => string,
): RowLookup<Row> {
  const rowOf = createSharedRead<string, { row: Row | null }>(async (keys) => {
    const rows = await find([...new Set(keys)]);
    const byKey = new Map(rows.map((row) => [keyOf(row), row]));
    return keys.map((key) => ({ row: byKey.get(key) ?? null }));
  }, keysMax);
  return async (key) => (await rowOf(key)).row;
}
