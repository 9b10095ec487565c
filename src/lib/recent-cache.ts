export type RecentCache<Value> = {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
};

/** Keeps the `sizeMax` values that were asked for or set last. */
export function createRecentCache<Value>(sizeMax: number): RecentCache<Value> {
  // A Map gives its keys in the order in which they were set.
  const values = new Map<string, Value>();
  const touch = (key: string, value: Value): void => {
    values.delete(key);
    values.set(key, value);
  };
  return {
    get(key) {
      const value = values.get(key);
      if (value !== undefined) touch(key, value);
      return value;
    },
    set(key, value) {
      touch(key, value);
      const oldest = values.keys().next();
      if (values.size > sizeMax && !oldest.done) values.delete(oldest.value);
    },
  };
}
