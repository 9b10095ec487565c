import { glob } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import SchemaBuilder from '@pothos/core';
import { GraphQLError, GraphQLSchema } from 'graphql';
import { createGraphQLError, createYoga } from 'graphql-yoga';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

function createRefusingSchema(): GraphQLSchema {
  // The plugins that src/graphql uses widen the options of every builder by declaration; this one has none.
  const builder = new SchemaBuilder({} as never);
  builder.queryType({
    fields: (t) => ({
      refused: t.string({
        resolve: () => {
          throw new GraphQLError('Not with this key.', { extensions: { code: 'FORBIDDEN' } });
        },
      }),
    }),
  });
  return builder.toSchema();
}

it('finds exactly one copy of graphql in node_modules', async () => {
  const copies = await Array.fromAsync(
    glob('node_modules/{,**/node_modules/}graphql/package.json', { cwd: root }),
  );
  expect(copies).toEqual(['node_modules/graphql/package.json']);
});

it('loads the graphql that Node gives the server, not a development build beside it', () => {
  const ofNode = createRequire(import.meta.url)('graphql') as { GraphQLError: unknown };
  expect(GraphQLError).toBe(ofNode.GraphQLError);
});

it.each(['graphql-yoga', 'graphql-ws', '@pothos/core', '@pothos/plugin-prisma'])(
  'is the graphql that %s loads, too',
  (name) => {
    const { resolve } = createRequire(import.meta.url);
    expect(createRequire(resolve(name)).resolve('graphql')).toBe(resolve('graphql'));
  },
);

it("takes Yoga's errors and Pothos' schemas for its own", () => {
  expect(createGraphQLError('No.')).toBeInstanceOf(GraphQLError);
  expect(createRefusingSchema()).toBeInstanceOf(GraphQLSchema);
});

it('keeps the message and the code of an error thrown in a resolver', async () => {
  const yoga = createYoga({ schema: createRefusingSchema(), logging: false });
  const response = await yoga.fetch('http://localhost/graphql?query={refused}');
  expect(await response.json()).toMatchObject({
    errors: [{ message: 'Not with this key.', extensions: { code: 'FORBIDDEN' } }],
  });
});
