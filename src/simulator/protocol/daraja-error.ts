import type { FastifyReply } from 'fastify';
import { newMerchantRequestId } from './identifiers.ts';

/** An answer that is no success, ready to send. */
export type DarajaError = { status: number; body: object };

/** HTTP status, `errorCode`, `errorMessage` (daraja.md §1, §2.3). The same code has several meanings. */
const catalogue = {
  invalidAuthentication: [400, '400.008.01', 'Invalid Authentication passed'],
  invalidGrantType: [400, '400.008.02', 'Invalid grant type passed'],
  invalidPayload: [400, '400.002.05', 'Invalid Request Payload'],
  invalidToken: [404, '404.001.03', 'Invalid Access Token'],
  wrongVerb: [404, '404.001.04', 'Invalid Authentication Header'],
  notFound: [404, '404.001.01', 'Resource not found'],
  wrongCredentials: [500, '500.001.1001', '[MerchantValidate] - Wrong credentials'],
  subscriberLocked: [
    500,
    '500.001.1001',
    'Unable to lock subscriber, a transaction is already in process for the current subscriber',
  ],
  beingProcessed: [500, '500.001.1001', 'The transaction is being processed'],
  internal: [500, '500.003.1001', 'Internal Server Error'],
} as const satisfies Record<string, readonly [number, string, string]>;

export type DarajaErrorName = keyof typeof catalogue;

export function darajaError(name: DarajaErrorName, requestId = newMerchantRequestId()): DarajaError {
  const [status, errorCode, errorMessage] = catalogue[name];
  return { status, body: { requestId, errorCode, errorMessage } };
}

export function invalidField(field: string): DarajaError {
  const errorMessage = `Bad Request - Invalid ${field}`;
  return { status: 400, body: { requestId: newMerchantRequestId(), errorCode: '400.002.02', errorMessage } };
}

/** The gateway in front of Daraja refuses in its own shape: no `requestId`, no `errorCode`. */
export function spikeArrestFault(perMinute: number): DarajaError {
  const rate = `messagesPerPeriod=${perMinute}, periodInMicroseconds=60000000, maxBurstMessageCount=1.0`;
  return {
    status: 429,
    body: {
      fault: {
        faultstring: `Spike arrest violation. Allowed rate : MessageRate{${rate}}`,
        detail: { errorcode: 'policies.ratelimit.SpikeArrestViolation' },
      },
    },
  };
}

export function sendError(reply: FastifyReply, { status, body }: DarajaError): FastifyReply {
  return reply.code(status).send(body);
}
