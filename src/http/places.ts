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

type Counts = { all: number; strangers: Counter; guests: Counter };

/** `limitsEach`: whether one key and one address are held to their share. What the process can hold always is. */
export function createPlaces(limitsEach: boolean): Places {
  const counts: Counts = {
    all: 0,
    strangers: createCounter(limitsEach ? strangersPerAddressMax : Number.POSITIVE_INFINITY),
    guests: createCounter(limitsEach ? perKeyMax : Number.POSITIVE_INFINITY),
  };
  const takeAmong = (counter: Counter, name: string): Place | null =>
    counts.all < inAllMax && counter.add(name) ? new TakenPlace(counts, counter, name) : null;
  return {
    get count() {
      return counts.all;
    },
    take: (address) => takeAmong(counts.strangers, address),
    takeBy: (key) => takeAmong(counts.guests, key),
  };
}

class TakenPlace implements Place {
  readonly #counts: Counts;
  /** Where it is counted, by which name; null once it was left. */
  #counter: Counter | null;
  #name: string;

  constructor(counts: Counts, counter: Counter, name: string) {
    this.#counts = counts;
    this.#counter = counter;
    this.#name = name;
    counts.all += 1;
  }

  letIn(key: string): boolean {
    if (this.#counter === null || !this.#counts.guests.add(key)) return false;
    this.#counter.remove(this.#name);
    this.#counter = this.#counts.guests;
    this.#name = key;
    return true;
  }

  leave(): void {
    if (this.#counter === null) return;
    this.#counts.all -= 1;
    this.#counter.remove(this.#name);
    this.#counter = null;
  }
}

type Counter = { add(name: string): boolean; remove(name: string): void };

function createCounter(max: number): Counter {
  const counts = new Map<string, number>();
  return {
    add(name) {
      const count = counts.get(name) ?? 0;
      if (count >= max) return false;
      counts.set(name, count + 1);
      return true;
    },
    remove(name) {
      const count = counts.get(name) ?? 0;
      if (count <= 1) counts.delete(name);
      else counts.set(name, count - 1);
    },
  };
}
