import { outcomeOfNumber } from '../outcomes.ts';
import type { Outcome } from '../outcomes.ts';

/** Which phone does what, and whose turn it is to be refused. */
export class Phones {
  readonly #scripted = new Map<string, Outcome>();
  /** Phones whose last push was refused: their next one is not. */
  readonly #refusedLast = new Set<string>();

  outcomeFor(phone: string): Outcome {
    return this.#scripted.get(phone) ?? outcomeOfNumber(phone);
  }

  /** Asks for one push: with `every-other` the first is refused, the second is not, and so on. */
  refusesNow(phone: string, { refuses }: Outcome): boolean {
    if (!refuses) return false;
    if (refuses.pushes === 'all') return true;
    if (this.#refusedLast.delete(phone)) return false;
    this.#refusedLast.add(phone);
    return true;
  }

  script(phone: string, outcome: Outcome): void {
    this.#scripted.set(phone, outcome);
    this.#refusedLast.delete(phone);
  }

  unscript(phone: string): void {
    this.#scripted.delete(phone);
    this.#refusedLast.delete(phone);
  }

  clear(): void {
    this.#scripted.clear();
    this.#refusedLast.clear();
  }
}
