export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets at most `atOnceMax` pieces of work run at a time; the others wait in line. */
export function createGate(atOnceMax: number): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < atOnceMax) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Whoever is next takes the place over.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
