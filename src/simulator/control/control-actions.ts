import { reservedOutcomes } from '../outcomes.ts';
import type { Payment } from '../payer/payment.ts';
import { zeroStats } from '../stats.ts';
import type { World } from '../world.ts';
import { parseCallbackOverrides, parseDecision, parseOutcome, parsePhone } from './control-input.ts';
import { ControlRefusal } from './control-refusal.ts';
import { paymentView } from './payment-view.ts';

export type ControlInput = { params: Readonly<Record<string, string>>; body: unknown };

export type ControlAction = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/_simulator`. */
  path: string;
  does: string;
  run: (world: World, input: ControlInput) => unknown;
};

/** The control API, for tests and for a person at a pretended phone. `GET /_simulator` prints this very table. */
export const controlActions: readonly ControlAction[] = [
  {
    method: 'GET',
    path: '/stats',
    does: 'counts since the start or the last reset',
    run: ({ stats }) => stats,
  },
  {
    method: 'GET',
    path: '/payments',
    does: 'every payment, oldest first, with the callbacks that were sent and how they were answered',
    run: ({ payments }) => payments.list().map(paymentView),
  },
  {
    method: 'POST',
    path: '/payments/:checkoutRequestId/decide',
    does: 'decides an open prompt: {"decision": "pay" | "cancel" | "wrong-pin" | "insufficient-funds" | "ignore"} or {"resultCode": "1032"}; answers when the callback was delivered',
    run: decide,
  },
  {
    method: 'POST',
    path: '/payments/:checkoutRequestId/callback',
    does: 'sends one more callback now and decides nothing: {"resultCode"?, "amount"?, "receipt"?, "body"? (raw text)}; answers with the delivery',
    run: sendCallback,
  },
  {
    method: 'PUT',
    path: '/phones/:phone',
    does: 'makes any number act like a reserved one: {"outcome": NN}',
    run: scriptPhone,
  },
  {
    method: 'DELETE',
    path: '/phones/:phone',
    does: 'undoes that',
    run: unscriptPhone,
  },
  {
    method: 'POST',
    path: '/tokens/revoke',
    does: 'makes every issued access token invalid',
    run: ({ tokens }) => ({ revoked: tokens.revokeAll() }),
  },
  {
    method: 'POST',
    path: '/reset',
    does: 'forgets payments, scripted phones and counts, and cancels what was to come; access tokens stay valid',
    run: reset,
  },
];

/** What `GET /_simulator` says. */
export function describeControl(): object {
  return {
    simulator: "Malipo's simulator of Safaricom's Daraja. No money moves.",
    routes: controlActions.map(({ method, path, does }) => ({ method, path: `/_simulator${path}`, does })),
    phones: reservedOutcomes.map(({ name }, index) => ({
      phone: `2547000000${String(index).padStart(2, '0')}`,
      outcome: index,
      name,
    })),
  };
}

async function decide(world: World, { params, body }: ControlInput): Promise<object> {
  const payment = paymentOf(world, params);
  const resultCode = parseDecision(body);
  if (payment.state !== 'open') {
    throw new ControlRefusal('NOT_OPEN', `The payment is ${payment.state}.`, ['checkoutRequestId']);
  }
  await world.payer.decide(payment, resultCode);
  return paymentView(payment);
}

function sendCallback(world: World, { params, body }: ControlInput): Promise<object> {
  return world.payer.sendCallback(paymentOf(world, params), parseCallbackOverrides(body));
}

function scriptPhone(world: World, { params, body }: ControlInput): object {
  const phone = parsePhone(params['phone'] ?? '');
  world.phones.script(phone, parseOutcome(body));
  return phoneView(world, phone);
}

function unscriptPhone(world: World, { params }: ControlInput): object {
  const phone = parsePhone(params['phone'] ?? '');
  world.phones.unscript(phone);
  return phoneView(world, phone);
}

function phoneView(world: World, phone: string): object {
  return { phone, outcome: world.phones.outcomeFor(phone).name };
}

/** Tokens survive: an app that is tested keeps its token from one test to the next. */
function reset(world: World): object {
  world.payer.forget();
  world.payments.clear();
  world.phones.clear();
  world.queryLimit.reset();
  return Object.assign(world.stats, zeroStats());
}

function paymentOf(world: World, params: ControlInput['params']): Payment {
  const payment = world.payments.find(params['checkoutRequestId'] ?? '');
  if (payment) return payment;
  throw new ControlRefusal('NOT_FOUND', 'There is no such payment.', ['checkoutRequestId']);
}
