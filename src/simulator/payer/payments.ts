import type { Payment } from './payment.ts';

/** Enough for any test and for an hour of a load test; older ones are forgotten, so that memory has a limit. */
const keptMax = 100_000;

/** The payments of this run, oldest first, by CheckoutRequestID. */
export class Payments {
  readonly #byId = new Map<string, Payment>();

  add(payment: Payment): void {
    this.#byId.set(payment.CheckoutRequestID, payment);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > keptMax && oldest !== undefined) this.#byId.delete(oldest);
  }

  find(checkoutRequestId: string): Payment | null {
    return this.#byId.get(checkoutRequestId) ?? null;
  }

  hasOpenPrompt(phone: string): boolean {
    return this.#byId.values().some((payment) => payment.phone === phone && payment.state === 'open');
  }

  list(): Payment[] {
    return [...this.#byId.values()];
  }

  clear(): void {
    this.#byId.clear();
  }
}
