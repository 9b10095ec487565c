export type RecentCache<Value> = {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  forget(key: string): void;
};

/** Keeps the `sizeMax` values that were asked for or set last, as long as their keys have no more characters in all. */
export function createRecentCache<Value>(
  sizeMax: number,
  keyLengthsMax = Number.POSITIVE_INFINITY,
): RecentCache<Value> {
  // A Map gives its keys in the order in which they were set.
  const values = new Map<string, Value>();
  let keyLengths = 0;
  const forget = (key: string): void => {
    if (values.delete(key)) keyLengths -= key.length;
  };
  const touch = (key: string, value: Value): void => {
    forget(key);
    values.set(key, value);
    keyLengths += key.length;
  };
  const isTooLarge = () => values.size > sizeMax || keyLengths > keyLengthsMax;
  return {
    forget,
    get(key) {
      const value = values.get(key);
      if (value !== undefined) touch(key, value);
      return value;
    },
    set(key, value) {
      touch(key, value);
      for (const oldest of values.keys()) {
        if (!isTooLarge()) break;
        forget(oldest);
      }
    },
  };
}
