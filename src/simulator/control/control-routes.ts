import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import type { World } from '../world.ts';
import { controlActions, describeControl } from './control-actions.ts';
import type { ControlAction } from './control-actions.ts';
import { ControlRefusal } from './control-refusal.ts';
import { assertLocal } from './local-only.ts';

/** Mounts the control API under `/_simulator`, where Daraja has nothing. */
export function addControlRoutes(app: FastifyInstance, world: World): void {
  app.register(
    (scope, _options, done) => {
      scope.addHook('onRequest', (request, _reply, next) => {
        assertLocal(request, world.settings.host);
        next();
      });
      scope.setErrorHandler<FastifyError>((error, _request, reply) => sendRefusal(error, reply));
      scope.setNotFoundHandler(() => {
        throw new ControlRefusal('NOT_FOUND', 'There is no such route; GET /_simulator lists them.');
      });
      scope.get('/', () => describeControl());
      for (const action of controlActions) addAction(scope, world, action);
      done();
    },
    { prefix: '/_simulator' },
  );
}

function addAction(scope: FastifyInstance, world: World, { method, path, run }: ControlAction): void {
  scope.route({
    method,
    url: path,
    handler: async (request) =>
      run(world, { params: request.params as Record<string, string>, body: request.body }),
  });
}

function sendRefusal(error: FastifyError | ControlRefusal, reply: FastifyReply): FastifyReply {
  const refusal = error instanceof ControlRefusal ? error : refusalOf(error);
  return reply.code(refusal.status).send(refusal.body);
}

/** What Fastify itself gave up on. */
function refusalOf({ statusCode = 500 }: FastifyError): ControlRefusal {
  if (statusCode === 413) return new ControlRefusal('BODY_TOO_LARGE', 'The body is too large.');
  if (statusCode < 500) return new ControlRefusal('BAD_JSON', 'The body cannot be read.');
  return new ControlRefusal('INTERNAL', 'The simulator failed; this is a bug in it.');
}
