import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { Context } from '../context.ts';
import { rateLimited } from '../errors.ts';
import { rateLimitedPayload } from '../user-errors.ts';

type Resolver = GraphQLFieldResolver<unknown, Context>;
type Field = GraphQLField<unknown, Context>;

/**
 * Has every field of the schema's roots ask whether its caller may go on, before anything else is done. What is asked too
 * often is refused in the way of its kind: queries and subscriptions by an error, mutations in their `userErrors`.
 */
export function limitRootFields(schema: GraphQLSchema): GraphQLSchema {
  for (const field of fieldsOf(schema.getQueryType())) field.resolve = orElse(refuse, field.resolve);
  for (const field of fieldsOf(schema.getMutationType()))
    field.resolve = orElse(rateLimitedPayload, field.resolve);
  for (const field of fieldsOf(schema.getSubscriptionType()))
    field.subscribe = orElse(refuse, field.subscribe);
  return schema;
}

function fieldsOf(type: GraphQLObjectType | null | undefined): Field[] {
  return Object.values((type?.getFields() ?? {}) as { [name: string]: Field });
}

function orElse(
  refused: (retryAfterSeconds: number) => unknown,
  work: Resolver = defaultFieldResolver,
): Resolver {
  return (root, args, context, info) => {
    const retryAfterSeconds = context.deps.rates.take(context.viewer, info.fieldName);
    return retryAfterSeconds > 0 ? refused(retryAfterSeconds) : work(root, args, context, info);
  };
}

function refuse(retryAfterSeconds: number): never {
  throw rateLimited(retryAfterSeconds);
}
