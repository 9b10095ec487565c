import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Outcome, PushAnswer, PushRefusal } from '../outcomes.ts';
import { createPayment } from '../payer/payment.ts';
import type { Payment } from '../payer/payment.ts';
import type { World } from '../world.ts';
import { darajaError, sendError, spikeArrestFault } from './daraja-error.ts';
import type { DarajaError } from './daraja-error.ts';
import { pushRules, textOf } from './field-rules.ts';
import type { Fields } from './field-rules.ts';
import { newCheckoutRequestId, newMerchantRequestId } from './identifiers.ts';
import { findTokenError, readRequest } from './read-request.ts';

/** `POST /mpesa/stkpush/v1/processrequest`: the payer's number chooses what comes of it. */
export function addStkPushRoute(app: FastifyInstance, world: World): void {
  app.post('/mpesa/stkpush/v1/processrequest', (request, reply) => handlePush(world, request, reply));
}

async function handlePush(world: World, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  world.stats.pushes += 1;
  const tokenError = findTokenError(world.tokens, request);
  if (tokenError) return sendError(reply, tokenError);
  const reading = readRequest(request, pushRules);
  if ('error' in reading) return sendError(reply, reading.error);
  const outcome = world.phones.outcomeFor(textOf(reading.fields, 'PhoneNumber'));
  const refusal = findRefusal(world, reading.fields, outcome);
  if (refusal) return sendError(reply, refusal);

  const payment = addPayment(world, reading.fields, outcome);
  if (hasPrompt[outcome.push]) {
    world.stats.promptsAccepted += 1;
    await world.payer.showPrompt(payment);
  }
  return answers[outcome.push](reply, payment);
}

/** The lock is looked at last: an app that is refused for another reason hears of that reason. */
function findRefusal(world: World, fields: Fields, outcome: Outcome): DarajaError | null {
  const phone = textOf(fields, 'PhoneNumber');
  if (outcome.refuses && world.phones.refusesNow(phone, outcome)) return refusals[outcome.refuses.with]();
  const isLocked = world.settings.subscriberLock && world.payments.hasOpenPrompt(phone);
  return isLocked ? darajaError('subscriberLocked') : null;
}

const refusals: Record<PushRefusal, () => DarajaError> = {
  'wrong-credentials': () => darajaError('wrongCredentials'),
  'spike-arrest': () => spikeArrestFault(5),
  'invalid-token': () => darajaError('invalidToken'),
};

function addPayment(world: World, fields: Fields, outcome: Outcome): Payment {
  const phone = textOf(fields, 'PhoneNumber');
  const now = world.clock.now();
  const payment = createPayment({
    MerchantRequestID: newMerchantRequestId(),
    CheckoutRequestID: newCheckoutRequestId(phone, now, (id) => world.payments.find(id) !== null),
    phone,
    amount: Number(textOf(fields, 'Amount')),
    reference: textOf(fields, 'AccountReference'),
    callbackUrl: textOf(fields, 'CallBackURL'),
    requestedAt: now,
    outcome,
    receipt: world.receipts.next(now),
    otherReceipt: world.receipts.next(now),
  });
  world.payments.add(payment);
  return payment;
}

const hasPrompt: Record<PushAnswer, boolean> = {
  accepted: true,
  unreachable: true,
  dropped: false,
  html: false,
};

const answers: Record<PushAnswer, (reply: FastifyReply, payment: Payment) => FastifyReply> = {
  accepted: (reply, { MerchantRequestID, CheckoutRequestID }) =>
    reply.send({
      MerchantRequestID,
      CheckoutRequestID,
      ResponseCode: '0',
      ResponseDescription: 'Success. Request accepted for processing',
      CustomerMessage: 'Success. Request accepted for processing',
    }),
  unreachable: (reply) => reply.code(500).type('text/plain').send('Service is currently unreachable'),
  dropped: (reply) => {
    reply.hijack();
    reply.raw.destroy();
    return reply;
  },
  html: (reply) => reply.type('text/html').send(firewallPage),
};

/** What Safaricom's web application firewall puts in the place of an answer (daraja.md §1). */
const firewallPage = `<html style="height:100%"><head><meta name="ROBOTS" content="NOINDEX, NOFOLLOW"></head>
<body style="margin:0px;height:100%">Request unsuccessful. Incapsula incident ID: 1179000360142839157-6002</body></html>
`;
