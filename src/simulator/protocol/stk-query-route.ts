import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { QueryAnswer } from '../outcomes.ts';
import type { Payment } from '../payer/payment.ts';
import { resultDescription } from '../result-description.ts';
import type { World } from '../world.ts';
import { darajaError, invalidField, sendError, spikeArrestFault } from './daraja-error.ts';
import type { DarajaError } from './daraja-error.ts';
import { queryRules, textOf } from './field-rules.ts';
import { findTokenError, readRequest } from './read-request.ts';

/** `POST /mpesa/stkpushquery/v1/query`. It gives no receipt, no amount and no phone, as Daraja's does not. */
export function addStkQueryRoute(app: FastifyInstance, world: World): void {
  app.post('/mpesa/stkpushquery/v1/query', (request, reply) => handleQuery(world, request, reply));
}

function handleQuery(world: World, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  world.stats.queries += 1;
  const gateError = findTokenError(world.tokens, request) ?? findLimitError(world);
  if (gateError) return sendError(reply, gateError);
  const reading = readRequest(request, queryRules);
  if ('error' in reading) return sendError(reply, reading.error);
  const payment = world.payments.find(textOf(reading.fields, 'CheckoutRequestID'));
  // Of a push that was dropped on the way Daraja knows nothing.
  if (!payment || payment.state === 'not-prompted')
    return sendError(reply, invalidField('CheckoutRequestID'));
  return sendAnswer(reply, payment, world.payer.answerQuery(payment));
}

function findLimitError(world: World): DarajaError | null {
  const { queryLimitPerMinute } = world.settings;
  if (queryLimitPerMinute === null || world.queryLimit.admits()) return null;
  return spikeArrestFault(queryLimitPerMinute);
}

function sendAnswer(reply: FastifyReply, payment: Payment, answer: QueryAnswer): FastifyReply {
  const { MerchantRequestID, CheckoutRequestID } = payment;
  // Its requestId is the CheckoutRequestID, unlike in all other errors.
  if (answer === 'being-processed') return sendError(reply, darajaError('beingProcessed', CheckoutRequestID));
  return reply.send({
    ResponseCode: '0',
    ResponseDescription: 'The service request has been accepted successsfully',
    MerchantRequestID,
    CheckoutRequestID,
    ResultCode: answer.resultCode,
    ResultDesc: resultDescription(answer.resultCode),
  });
}
