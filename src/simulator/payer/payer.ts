import type { Clock } from '../../lib/clock.ts';
import type { CallbackShape, CallbackTime, QueryAnswer } from '../outcomes.ts';
import { Alarms } from './alarms.ts';
import { callbackBody } from './callback-body.ts';
import type { CallbackFacts } from './callback-body.ts';
import type { CallbackSender } from './callback-sender.ts';
import type { Delivery, Payment } from './payment.ts';

const lateAfterDelays = 30;
/** For an app that never queries: long enough not to overtake the first query of one that does. */
const unqueriedMs = 120_000;

type Deps = { sender: CallbackSender; clock: Clock; delayMs: number };
export type CallbackOverrides = { resultCode?: string; amount?: number; receipt?: string; body?: string };

/** The person with the phone, and M-Pesa behind them: decides, and has the app told. */
export class Payer {
  readonly #deps: Deps;
  readonly #alarms = new Alarms();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Returns when the push may be answered: at once, or after the callback where that comes first. */
  async showPrompt(payment: Payment): Promise<void> {
    payment.state = 'open';
    const { result, decides } = payment.outcome;
    if (result === null) return;
    if (decides === 'before-answer') await this.#decideAsScripted(payment, result);
    else this.#next(payment, this.#deps.delayMs, () => this.#decideAsScripted(payment, result));
  }

  /** A person decides in place of the script: one plain callback now, and every later query says the same. */
  async decide(payment: Payment, resultCode: string): Promise<void> {
    this.#settle(payment, resultCode);
    payment.queryScript = [];
    await this.#sendShapes(payment, ['plain']);
  }

  /** Uses up one answer of the script, if the payer has decided. */
  answerQuery(payment: Payment): QueryAnswer {
    payment.queries += 1;
    if (payment.resultCode === null) return { resultCode: '4999' };
    const scripted = payment.queryScript.shift();
    if (scripted && payment.outcome.callbackTime === 'after-first-query') {
      this.#next(payment, this.#deps.delayMs, () => this.#sendScripted(payment));
    }
    return scripted ?? { resultCode: payment.resultCode };
  }

  /** One more callback, whatever the state; it decides nothing. */
  async sendCallback(payment: Payment, overrides: CallbackOverrides): Promise<Delivery> {
    const { body, ...changes } = overrides;
    return this.#send(payment, body ?? callbackBody({ ...this.#factsOf(payment), ...changes }));
  }

  /** Whatever was going to happen does not. */
  forget(): void {
    this.#alarms.cancelAll();
  }

  async #decideAsScripted(payment: Payment, resultCode: string): Promise<void> {
    this.#settle(payment, resultCode);
    await this.#afterDecision[payment.outcome.callbackTime](payment);
  }

  readonly #afterDecision: Record<CallbackTime, (payment: Payment) => Promise<void>> = {
    'on-decision': (payment) => this.#sendScripted(payment),
    late: async (payment) => {
      // The payer took one of them to decide.
      const waitMs = (lateAfterDelays - 1) * this.#deps.delayMs;
      this.#next(payment, waitMs, () => this.#sendScripted(payment));
    },
    'after-first-query': async (payment) => {
      const waitMs = Math.max(unqueriedMs, lateAfterDelays * this.#deps.delayMs);
      this.#next(payment, waitMs, () => this.#sendUnqueried(payment));
    },
    never: () => Promise.resolve(),
  };

  #settle(payment: Payment, resultCode: string): void {
    payment.alarm?.cancel();
    payment.state = 'decided';
    payment.resultCode = resultCode;
    payment.decidedAt = this.#deps.clock.now();
  }

  /** Nobody asked while the answer was still wrong; after the callback no query may contradict it. */
  async #sendUnqueried(payment: Payment): Promise<void> {
    payment.queryScript = [];
    await this.#sendScripted(payment);
  }

  async #sendScripted(payment: Payment): Promise<void> {
    await this.#sendShapes(payment, payment.outcome.callbacks);
  }

  /** One after the other, each when the one before was answered: the order is part of the outcome. */
  async #sendShapes(payment: Payment, shapes: readonly CallbackShape[]): Promise<void> {
    for (const shape of shapes) await this.#send(payment, callbackBody(this.#factsOf(payment), shape));
  }

  async #send(payment: Payment, body: string): Promise<Delivery> {
    const delivery = await this.#deps.sender.send(payment.callbackUrl, body);
    payment.deliveries.push(delivery);
    return delivery;
  }

  #factsOf(payment: Payment): CallbackFacts {
    const { resultCode, decidedAt } = payment;
    return { ...payment, resultCode: resultCode ?? '0', decidedAt: decidedAt ?? this.#deps.clock.now() };
  }

  /** Takes the place of what was going to happen next to this payment. */
  #next(payment: Payment, ms: number, work: () => Promise<void>): void {
    payment.alarm?.cancel();
    payment.alarm = this.#alarms.after(ms, work);
  }
}
