import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import type { World } from '../world.ts';
import { darajaError, invalidField, sendError } from './daraja-error.ts';
import { addOauthRoute } from './oauth-route.ts';
import { addStkPushRoute } from './stk-push-route.ts';
import { addStkQueryRoute } from './stk-query-route.ts';

/** Daraja's paths, and Daraja's answers to everything that goes wrong before one of them is reached. */
export function addProtocolRoutes(app: FastifyInstance, world: World): void {
  addOauthRoute(app, world);
  addStkPushRoute(app, world);
  addStkQueryRoute(app, world);
  for (const [url, method] of wrongVerbs) {
    app.route({
      url,
      method: [...method],
      handler: (_request, reply) => sendError(reply, darajaError('wrongVerb')),
    });
  }
  app.setNotFoundHandler((_request, reply) => sendError(reply, darajaError('notFound')));
  app.setErrorHandler<FastifyError>((error, _request, reply) => sendBrokenRequest(error, reply));
}

/** Daraja calls a wrong verb an "Invalid Authentication Header" (daraja.md §2.3). */
const wrongVerbs = [
  ['/oauth/v1/generate', ['POST', 'PUT', 'PATCH', 'DELETE']],
  ['/mpesa/stkpush/v1/processrequest', ['GET', 'PUT', 'PATCH', 'DELETE']],
  ['/mpesa/stkpushquery/v1/query', ['GET', 'PUT', 'PATCH', 'DELETE']],
] as const;

/** Requests that Fastify itself gave up on: an impossible content type (415), too large a body, our own bugs. */
function sendBrokenRequest(error: FastifyError, reply: FastifyReply): FastifyReply {
  const status = error.statusCode ?? 500;
  if (status === 415) return sendError(reply, invalidField('BusinessShortCode'));
  return sendError(reply, darajaError(status < 500 ? 'invalidPayload' : 'internal'));
}
