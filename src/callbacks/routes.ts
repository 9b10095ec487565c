import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import { receiveAtSharedPath, receiveAtToken, type ReceiveDeps, type Reception } from './receive-callback.ts';
import type { SenderCheck } from './sender-check.ts';

export type CallbackRouteDeps = ReceiveDeps & { clock: Clock; senders: SenderCheck };

/** Real bodies have 1 to 2 KB. */
const bodyBytesMax = 64 * 1024;

const success = { ResultCode: 0, ResultDesc: 'Success' };
const alreadyProcessed = { ResultCode: 0, ResultDesc: 'Already processed' };

/**
 * Where M-Pesa posts results. A genuine sender is answered with success for whatever it posts, once that is durable;
 * what is not durable is answered 503, so that a sender that retries may.
 */
export function registerCallbackRoutes(app: FastifyInstance, deps: CallbackRouteDeps): void {
  app.register(async (scope) => {
    // Raw bytes of any type: Daraja is not asked to be tidy, and what it said is kept as it was.
    scope.removeAllContentTypeParsers();
    // A type that is none would be answered 415 before any parser sees the body.
    scope.addHook('onRequest', (request, _reply, done) => {
      request.headers['content-type'] = 'application/octet-stream';
      done();
    });
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: bodyBytesMax },
      (_request, body, done) => {
        done(null, body);
      },
    );

    scope.post<{ Params: { token: string } }>('/cb/:token', async (request, reply) => {
      if (!deps.senders.mayUseToken(senderOf(request))) return refuse(reply, 403);
      return answer(reply, await receiveAtToken(deps, request.params.token, postOf(request)), 404);
    });

    scope.post('/mpesa/callback', async (request, reply) => {
      const isAllowed = deps.senders.mayUseSharedPath(senderOf(request));
      return answer(reply, await receiveAtSharedPath(deps, isAllowed, postOf(request)), 403);
    });

    scope.get('/mpesa/callback/health', () => ({
      status: 'healthy',
      endpoint: '/mpesa/callback',
      timestamp: deps.clock.now().toISOString(),
    }));
  });
}

function senderOf(request: FastifyRequest) {
  return { address: request.ip, isForwarded: isForwarded(request) };
}

function isForwarded({ headers }: FastifyRequest): boolean {
  return ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined);
}

function postOf(request: FastifyRequest) {
  return { body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0), peer: request.ip };
}

function answer(reply: FastifyReply, reception: Reception, refusal: 403 | 404) {
  if (reception.outcome === 'not-genuine') return refuse(reply, refusal);
  return reply.send(reception.judgement.verdict === 'DUPLICATE' ? alreadyProcessed : success);
}

const refusals = {
  403: { code: 'FORBIDDEN', message: 'Callbacks are not taken from this address.' },
  404: { code: 'NOT_FOUND', message: 'There is nothing here.' },
};

function refuse(reply: FastifyReply, status: 403 | 404) {
  return reply.code(status).send(refusals[status]);
}
