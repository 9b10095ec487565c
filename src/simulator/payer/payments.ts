import type { Payment } from './payment.ts';

/** More than any test looks back at. The oldest are forgotten, so that a load test does not eat the memory. */
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
