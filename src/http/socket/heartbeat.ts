export type Beating = {
  /** Once in each period. */
  beat(): void;
};

export type Heartbeat = Disposable & {
  add(one: Beating): void;
  delete(one: Beating): void;
};

/** Those who came at different times are not served at one time. */
const slotsCount = 25;

/** Serves all who are in it by one timer, each once in `periodMs`, first when that has passed. */
export function createHeartbeat(periodMs: number): Heartbeat {
  const slots = Array.from({ length: slotsCount }, () => new Set<Beating>());
  let current = slots.pop() ?? new Set();
  const timer = setInterval(() => {
    slots.unshift(current);
    current = slots.pop() ?? new Set();
    for (const one of current) one.beat();
  }, periodMs / slotsCount).unref();
  return {
    add: (one) => void current.add(one),
    delete: (one) => {
      current.delete(one);
      for (const slot of slots) slot.delete(one);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
