import type { Clock } from '../../lib/clock.ts';

/**
 * Apigee's spike arrest: "5 per minute" means one every 12 seconds, never five at once. Counted for the whole
 * simulator, because nobody has published whether Daraja counts by app, short code or address.
 */
export class SpikeArrest {
  readonly #gapMs: number;
  readonly #clock: Clock;
  #nextAllowedAt = 0;

  constructor(perMinute: number | null, clock: Clock) {
    this.#gapMs = perMinute === null ? 0 : 60_000 / perMinute;
    this.#clock = clock;
  }

  /** True if a request may pass now; that uses the slot up. A refused one uses nothing. */
  admits(): boolean {
    const now = this.#clock.now().getTime();
    if (now < this.#nextAllowedAt) return false;
    this.#nextAllowedAt = now + this.#gapMs;
    return true;
  }

  reset(): void {
    this.#nextAllowedAt = 0;
  }
}
