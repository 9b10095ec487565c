import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { World } from '../world.ts';
import { darajaError, sendError } from './daraja-error.ts';

/** `GET /oauth/v1/generate?grant_type=client_credentials`: any consumer key and secret will do. */
export function addOauthRoute(app: FastifyInstance, world: World): void {
  app.get('/oauth/v1/generate', (request, reply) => handleOauth(world, request, reply));
}

function handleOauth(world: World, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const consumerKey = findConsumerKey(request.headers.authorization);
  if (consumerKey === null) return sendError(reply, darajaError('invalidAuthentication'));
  const { grant_type: grantType } = request.query as { grant_type?: unknown };
  if (grantType !== 'client_credentials') return sendError(reply, darajaError('invalidGrantType'));
  world.stats.oauthTokens += 1;
  // A text, as live traffic has it, though the documentation shows a number (daraja.md §1).
  return reply.send({ access_token: world.tokens.issue(consumerKey), expires_in: '3599' });
}

function findConsumerKey(authorization: string | undefined): string | null {
  const credentials = /^Basic\s+([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1];
  const [, consumerKey] = /^([^:]+):./s.exec(Buffer.from(credentials ?? '', 'base64').toString()) ?? [];
  return consumerKey ?? null;
}
