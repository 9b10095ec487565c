/** Does the work unless so much of it is under way already; then nothing is done. For what is worth doing and never worth waiting for. */
export function createUnlessBusy(atOnceMax: number): (work: () => Promise<void>) => Promise<void> {
  let running = 0;
  return async (work) => {
    if (running >= atOnceMax) return;
    running += 1;
    try {
      await work();
    } finally {
      running -= 1;
    }
  };
}
