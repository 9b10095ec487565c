export type Alarm = { cancel(): void };

/** Timers that can all be stopped at once, so that a closed simulator does nothing more. */
export class Alarms {
  readonly #timers = new Set<NodeJS.Timeout>();

  /** `work` must not reject: nobody would hear of it. */
  after(ms: number, work: () => Promise<void>): Alarm {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void work();
    }, ms);
    this.#timers.add(timer);
    return { cancel: () => this.#cancel(timer) };
  }

  cancelAll(): void {
    for (const timer of this.#timers) this.#cancel(timer);
  }

  #cancel(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }
}
