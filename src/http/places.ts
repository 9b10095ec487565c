/** Sockets and event streams, each of which holds memory for as long as it is open. */
const inAllMax = 16_000;
/** Of one key, or one watch token. */
const perKeyMax = 100;
/** Sockets of one address that have not said yet who they are. */
const strangersPerAddressMax = 20;

/** The place of one connection. */
export type Place = {
  /** Whoever came in by a key stands no longer among the strangers of an address. False: too many came in by it. */
  letIn(key: string): boolean;
  /** May be called again. */
  leave(): void;
};

/** Counts who is connected to this process. */
export type Places = {
  /** Null where there is no place left. */
  take(address: string): Place | null;
  /** For whom it is known by which key it came in. */
  takeBy(key: string): Place | null;
  readonly count: number;
};

/** `limitsEach`: whether one key and one address are held to their share. What the process can hold always is. */
export function createPlaces(limitsEach: boolean): Places {
  const strangers = createCounter(limitsEach ? strangersPerAddressMax : Number.POSITIVE_INFINITY);
  const guests = createCounter(limitsEach ? perKeyMax : Number.POSITIVE_INFINITY);
  let count = 0;

  function placeThatLeaves(release: () => void): Place {
    count += 1;
    let isTaken = true;
    return {
      letIn(key) {
        if (!isTaken || !guests.add(key)) return false;
        release();
        release = () => guests.remove(key);
        return true;
      },
      leave() {
        if (!isTaken) return;
        isTaken = false;
        count -= 1;
        release();
      },
    };
  }

  return {
    get count() {
      return count;
    },
    take: (address) =>
      count < inAllMax && strangers.add(address) ? placeThatLeaves(() => strangers.remove(address)) : null,
    takeBy: (key) => (count < inAllMax && guests.add(key) ? placeThatLeaves(() => guests.remove(key)) : null),
  };
}

function createCounter(max: number) {
  const counts = new Map<string, number>();
  return {
    add(name: string): boolean {
      const count = counts.get(name) ?? 0;
      if (count >= max) return false;
      counts.set(name, count + 1);
      return true;
    },
    remove(name: string): void {
      const count = counts.get(name) ?? 0;
      if (count <= 1) counts.delete(name);
      else counts.set(name, count - 1);
    },
  };
}
