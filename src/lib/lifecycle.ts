export type Phase =
  /** What it needs does not answer yet. */
  | 'starting'
  | 'running'
  /** Finishes what was accepted, and takes nothing new where it can be had elsewhere. */
  | 'stopping';

/** Where a process is in its life. It only goes forward. */
export class Lifecycle {
  #phase: Phase = 'starting';
  readonly #stopping = new AbortController();

  get phase(): Phase {
    return this.#phase;
  }

  /** Aborts when the process is told to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  begin(): void {
    if (this.#phase === 'starting') this.#phase = 'running';
  }

  stop(): void {
    this.#phase = 'stopping';
    this.#stopping.abort();
  }
}
