import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import { isForwarded } from '../lib/peer.ts';
import { createSparse } from '../lib/sparse.ts';
import { receiveAtSharedPath, receiveAtToken, type ReceiveDeps, type Reception } from './receive-callback.ts';
import { createRefusalLog } from './refusal-log.ts';
import type { SenderCheck } from './sender-check.ts';

export type CallbackRouteDeps = ReceiveDeps & { clock: Clock; senders: SenderCheck };

/** Real bodies have 1 to 2 KB. */
const bodyBytesMax = 64 * 1024;

const success = { ResultCode: 0, ResultDesc: 'Success' };
const alreadyProcessed = { ResultCode: 0, ResultDesc: 'Already processed' };

const unavailable = { code: 'UNAVAILABLE', message: 'The callback could not be kept. Send it again.' };

/** Why a post is not taken. */
type Fault = 'address' | 'token';

const faults = {
  address: {
    status: 403,
    body: { code: 'FORBIDDEN', message: 'Callbacks are not taken from this address.' },
    reason: 'callbacks are not taken from this address: see CALLBACK_ALLOWED_IPS and TRUSTED_PROXIES',
  },
  token: {
    status: 404,
    body: { code: 'NOT_FOUND', message: 'There is nothing here.' },
    reason: 'its URL was not made by this server',
  },
} as const;

/**
 * Where M-Pesa posts results. A genuine sender is answered with success for whatever it posts, once that is durable;
 * what nothing could keep is answered 503, so that a sender that retries may.
 */
export function registerCallbackRoutes(app: FastifyInstance, deps: CallbackRouteDeps): void {
  const refusals = createRefusalLog(deps);
  const noteLoss = createSparse(deps.clock, (unsaid, error: unknown) =>
    deps.logger.error(
      { err: error, unsaid },
      'a callback could be kept neither in the database nor in the spool',
    ),
  );

  function answer(request: FastifyRequest, reply: FastifyReply, reception: Reception, fault: Fault) {
    switch (reception.outcome) {
      case 'not-genuine':
        return refuse(request, reply, fault);
      case 'lost':
        noteLoss(reception.error);
        return reply.code(503).send(unavailable);
      case 'kept':
        return reply.send(reception.isRepeat ? alreadyProcessed : success);
    }
  }

  function refuse(request: FastifyRequest, reply: FastifyReply, fault: Fault) {
    const { status, body, reason } = faults[fault];
    refusals.note(request.ip, reason);
    deps.observe.refused(fault);
    return reply.code(status).send(body);
  }

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
      if (!deps.senders.mayUseToken(senderOf(request))) return refuse(request, reply, 'address');
      return answer(
        request,
        reply,
        await receiveAtToken(deps, request.params.token, postOf(request)),
        'token',
      );
    });

    scope.post('/mpesa/callback', async (request, reply) => {
      const isAllowed = deps.senders.mayUseSharedPath(senderOf(request));
      return answer(request, reply, await receiveAtSharedPath(deps, isAllowed, postOf(request)), 'address');
    });

    scope.get('/mpesa/callback/health', () => ({
      status: 'healthy',
      endpoint: '/mpesa/callback',
      timestamp: deps.clock.now().toISOString(),
    }));
  });
}

function senderOf(request: FastifyRequest) {
  return { address: request.ip, isForwarded: isForwarded(request.headers) };
}

function postOf(request: FastifyRequest) {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return { body, peer: request.ip, requestId: request.id };
}
