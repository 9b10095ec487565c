import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { Context } from '../context.ts';
import { rateLimited } from '../errors.ts';

type Resolver = GraphQLFieldResolver<unknown, Context>;
type Field = GraphQLField<unknown, Context>;

/**
 * Has every field of the schema's roots ask whether its caller may go on, before anything else is done. A mutation too is
 * refused by an error: its `userErrors` would say that there is no transaction, which nobody has looked for.
 */
export function limitRootFields(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()])
    for (const field of fieldsOf(type)) field.resolve = orRefuse(field.resolve);
  for (const field of fieldsOf(schema.getSubscriptionType())) field.subscribe = orRefuse(field.subscribe);
  return schema;
}

function fieldsOf(type: GraphQLObjectType | null | undefined): Field[] {
  return Object.values((type?.getFields() ?? {}) as { [name: string]: Field });
}

function orRefuse(work: Resolver = defaultFieldResolver): Resolver {
  return (root, args, context, info) => {
    const retryAfterSeconds = context.deps.rates.takeField(context.viewer);
    if (retryAfterSeconds > 0) throw rateLimited(retryAfterSeconds);
    return work(root, args, context, info);
  };
}
