import { sleep } from '../../../lib/sleep.ts';
import type { Asked } from '../proof/facts.ts';
import type { Random } from '../random.ts';
import type { Malipo } from '../servers/malipo.ts';
import { ask, NoAnswerError } from './ask.ts';
import { pickPhone } from './phones.ts';

export type PayersDeps = {
  malipos: readonly [Malipo, ...Malipo[]];
  apiKey: string;
  random: Random;
  /** Payments to ask for in a second. */
  rate: number;
  /** Called once for each payment, when a request for it is answered. */
  answered(globalId: string): void;
};

type Initiated = {
  initiateStkPush: { transaction: { id: string } | null; userErrors: { code: string; message: string }[] };
};

const document = `
  mutation ($input: InitiateStkPushInput!) {
    initiateStkPush(input: $input) { transaction { id } userErrors { code message } }
  }`;

/** More would only wait for each other. */
const underWayMax = 100;
/** Of the requests: so many are made twice at once, and so many are given up by their client, who asks again. */
const twiceShare = 0.05;
const impatientShare = 0.05;
const impatienceMaxMs = 60;
/** Before a request is made again: longer each time, and by chance. */
const pauseMinMs = 100;
const pauseMaxMs = 4_000;

/** Careful clients: each asks for its payment under a key of its own, on any process, until it is answered. */
export class Payers {
  readonly asked: Asked[] = [];
  /** Requests that got no answer and were made again. */
  retries = 0;
  readonly #deps: PayersDeps;
  #underWay = 0;

  constructor(deps: PayersDeps) {
    this.#deps = deps;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Asks for new payments until `over`, and for each of them until it is answered or `giveUp`. */
  async run(over: AbortSignal, giveUp: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const paying = new Set<Promise<void>>();
    while (!over.aborted) {
      const due = ((performance.now() - startedAt) / 1000) * this.#deps.rate;
      if (this.asked.length >= due || this.#underWay >= underWayMax) await sleep(5, over);
      else {
        const payment = this.#payOnce(giveUp).finally(() => paying.delete(payment));
        paying.add(payment);
      }
    }
    await Promise.all(paying);
  }

  async #payOnce(giveUp: AbortSignal): Promise<void> {
    const payment = this.#newPayment();
    this.asked.push(payment);
    this.#underWay += 1;
    const requests = this.#deps.random.next() < twiceShare ? 2 : 1;
    await Promise.all(Array.from({ length: requests }, () => this.#askUntilAnswered(payment, giveUp)));
    this.#underWay -= 1;
    const [globalId] = payment.answers;
    if (globalId !== undefined) this.#deps.answered(globalId);
  }

  #newPayment(): Asked {
    const { random } = this.#deps;
    const reference = `L${this.asked.length + 1}`;
    return {
      key: `crash-test ${reference}`,
      reference,
      phone: pickPhone(random),
      amount: 1 + random.below(999),
      answers: [],
    };
  }

  async #askUntilAnswered(payment: Asked, giveUp: AbortSignal): Promise<void> {
    for (let tries = 1; !giveUp.aborted; tries += 1) {
      try {
        payment.answers.push(await this.#askOnce(payment));
        return;
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        this.retries += 1;
        await sleep(this.#deps.random.below(Math.min(pauseMaxMs, pauseMinMs * 2 ** tries)), giveUp);
      }
    }
  }

  async #askOnce({ key, reference, phone, amount }: Asked): Promise<string> {
    const { malipos, apiKey, random } = this.#deps;
    const patience =
      random.next() < impatientShare ? AbortSignal.timeout(1 + random.below(impatienceMaxMs)) : undefined;
    const input = { phoneNumber: phone, amount, accountReference: reference, idempotencyKey: key };
    const { initiateStkPush } = await ask<Initiated>(
      random.pick(malipos),
      apiKey,
      document,
      { input },
      patience,
    );
    const { transaction, userErrors } = initiateStkPush;
    if (transaction !== null) return transaction.id;
    throw new NoAnswerError(userErrors.map(({ code, message }) => `${code}: ${message}`).join(' '));
  }
}
