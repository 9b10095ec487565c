import { Agent, request } from 'undici';
import type { Clock } from '../../lib/clock.ts';
import type { Stats } from '../stats.ts';
import type { Delivery } from './payment.ts';

const timeoutMs = 10_000;
const keptAnswerLength = 2000;

type Deps = { stats: Stats; clock: Clock };
type Answer = Pick<Delivery, 'status' | 'answer' | 'error'>;

/** Posts callbacks as Daraja does: once, unsigned, following no redirect, and without a second try. */
export class CallbackSender {
  readonly #deps: Deps;
  readonly #agent = new Agent();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Never rejects: whatever went wrong is in the delivery. */
  async send(url: string, body: string): Promise<Delivery> {
    const { stats, clock } = this.#deps;
    const at = clock.now().toISOString();
    stats.callbacksSent += 1;
    const answer = await this.#post(url, body);
    if (answer.status !== null) stats.callbacksAnswered += 1;
    return { at, body, ...answer };
  }

  /** Ends the posts that are under way; later ones fail at once. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #post(url: string, body: string): Promise<Answer> {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      abort.abort(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'malipo-simulator' },
        body,
        dispatcher: this.#agent,
        signal: abort.signal,
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, answer: text.slice(0, keptAnswerLength), error: null };
    } catch (error) {
      return { status: null, answer: null, error: reasonOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A refused connection to a name with several addresses has an empty message and tells its reason by code only. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}
