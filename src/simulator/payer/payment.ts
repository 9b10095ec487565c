import type { Outcome, QueryAnswer } from '../outcomes.ts';
import type { Alarm } from './alarms.ts';

/** One callback that went out. A failure to deliver is a fact about the app, not an error of the simulator. */
export type Delivery = {
  at: string;
  body: string;
  /** The app's answer; null = it gave none, and `error` says why. */
  status: number | null;
  answer: string | null;
  error: string | null;
};

/** `not-prompted`: the push was lost on the way to the phone; `open`: the prompt is on it. */
export type PaymentState = 'not-prompted' | 'open' | 'decided';

export type PaymentFacts = {
  readonly MerchantRequestID: string;
  readonly CheckoutRequestID: string;
  readonly phone: string;
  /** Whole shillings. */
  readonly amount: number;
  readonly reference: string;
  readonly callbackUrl: string;
  readonly requestedAt: Date;
  readonly outcome: Outcome;
  readonly receipt: string;
  /** For the outcome that pays twice. */
  readonly otherReceipt: string;
};

export type Payment = PaymentFacts & {
  state: PaymentState;
  /** What the payer decided; null = nothing yet. */
  resultCode: string | null;
  decidedAt: Date | null;
  queries: number;
  /** What queries have yet to say before they say `resultCode`. */
  queryScript: QueryAnswer[];
  readonly deliveries: Delivery[];
  /** What happens next by itself; at most one thing at a time. */
  alarm: Alarm | null;
};

export function createPayment(facts: PaymentFacts): Payment {
  return {
    ...facts,
    state: 'not-prompted',
    resultCode: null,
    decidedAt: null,
    queries: 0,
    queryScript: [...facts.outcome.firstQueries],
    deliveries: [],
    alarm: null,
  };
}
