/**
 * For a Fastify none of whose routes has a schema: without compilers of schemas, which it would load before anything asks
 * for one, a start has a fifth fewer modules to load.
 */
export const noSchemas = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } };

function refuse(): never {
  throw new Error('A route has a schema, and this server compiles none');
}
