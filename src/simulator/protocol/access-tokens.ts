import { randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';

const lifetimeMs = 3_599_000;

type Deps = { clock: Clock; newTokenCancelsOld: boolean };
type Issued = { consumerKey: string; expiresAt: number };

/** The tokens that were handed out and still hold. */
export class AccessTokens {
  readonly #deps: Deps;
  readonly #issued = new Map<string, Issued>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  issue(consumerKey: string): string {
    this.#drop((old) => old.expiresAt <= this.#now());
    if (this.#deps.newTokenCancelsOld) this.#drop((old) => old.consumerKey === consumerKey);
    // 28 letters and digits, like those that Daraja gives out.
    const token = randomBytes(21).toString('base64url').replaceAll(/[-_]/g, 'x');
    this.#issued.set(token, { consumerKey, expiresAt: this.#now() + lifetimeMs });
    return token;
  }

  isValid(token: string): boolean {
    const issued = this.#issued.get(token);
    return issued !== undefined && this.#now() < issued.expiresAt;
  }

  /** How many tokens held until now. */
  revokeAll(): number {
    const count = this.#issued.size;
    this.#issued.clear();
    return count;
  }

  #drop(isStale: (token: Issued) => boolean): void {
    for (const [token, issued] of this.#issued) if (isStale(issued)) this.#issued.delete(token);
  }

  #now(): number {
    return this.#deps.clock.now().getTime();
  }
}
