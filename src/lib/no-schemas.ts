/**
 * For a Fastify none of whose routes has a schema: it would load its compilers of schemas, some 220 modules, before anything
 * asks for one.
 */
export const noSchemas = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } };

function refuse(): never {
  throw new Error('A route has a schema, and this server compiles none');
}
