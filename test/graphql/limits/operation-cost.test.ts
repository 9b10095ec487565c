import { buildSchema, getOperationAST, getVariableValues, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import { operationCost } from '../../../src/graphql/limits/operation-cost.ts';

/** Ways to ask for a size that the schema does not have yet. */
const schema = buildSchema(`
  scalar JSON
  interface Node { id: ID! }
  type Item implements Node { id: ID!  parts: [Part!]!  items(first: Int = 7, after: String): ItemConnection! }
  type Part { id: ID! }
  type Edge { node: Item! }
  type PageInfo { hasNextPage: Boolean! }
  type ItemConnection { edges: [Edge!]!  nodes: [Item!]!  pageInfo: PageInfo! }
  input Page { first: Int = 3  last: Int }
  type Query {
    node: Node
    items(first: Int, last: Int): ItemConnection!
    paged(page: Page): ItemConnection!
    plain(first: Int): [Item!]!
    named(ids: [ID!]!): [Item]!
    kept(data: JSON): Item
  }`);

function costOf(query: string, values: Record<string, unknown> = {}): number {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('There is no operation');
  const { variableValues } = getVariableValues(schema, operation.variableDefinitions ?? [], values);
  if (!variableValues) throw new Error('The variables do not fit');
  return operationCost({ schema, document, operation, variables: variableValues });
}

it.each<[number, string, Record<string, unknown>?]>([
  [6, '{ items(first: 5) { nodes { id } } }'],
  [6, 'query ($n: Int) { items(first: $n) { nodes { id } } }', { n: 5 }],
  [6, 'query ($n: Int = 5) { items(first: $n) { nodes { id } } }'],
  [6, '{ items(last: 5) { nodes { id } } }'],
  [6, '{ items(first: 5, last: 2) { nodes { id } } }'],
  [21, '{ items { nodes { id } } }'],
  [21, 'query ($n: Int) { items(first: $n) { nodes { id } } }'],
  [1, '{ items(first: -5) { nodes { id } } }'],
  // No list gives more than a hundred.
  [101, '{ items(first: 2147483647) { nodes { id } } }'],
  [4, '{ paged(page: {}) { nodes { id } } }'],
  [6, '{ paged(page: { first: 5 }) { nodes { id } } }'],
  [6, 'query ($n: Int) { paged(page: { first: $n }) { nodes { id } } }', { n: 5 }],
  [6, 'query ($page: Page) { paged(page: $page) { nodes { id } } }', { page: { first: null, last: 5 } }],
  [5, '{ plain(first: 5) { id } }'],
  [5, '{ plain { id } }'],
  [3, '{ named(ids: ["a", "b", "c"]) { id } }'],
  [3, 'query ($ids: [ID!]!) { named(ids: $ids) { id } }', { ids: ['a', 'b', 'c'] }],
  [1, 'query ($data: JSON) { kept(data: $data) { id } }', { data: { first: 1_000 } }],
  [12, '{ items(first: 5) { edges { node { id } } pageInfo { hasNextPage } } }'],
  // Five items, each with so many parts as a list without a size counts for.
  [1 + 5 * (1 + 5), '{ items(first: 5) { nodes { parts { id } } } }'],
  // Five items, each with a connection of seven.
  [1 + 5 * (1 + 1 + 7), '{ items(first: 5) { nodes { items { nodes { id } } } } }'],
  [
    2 * 6,
    '{ a: items(first: 5) { ...N } b: items(first: 5) { ...N } } fragment N on ItemConnection { nodes { id } }',
  ],
  [1 + 5, '{ node { id ... on Item { parts { id } ... { id } } ...P } } fragment P on Item { id }'],
])('%i: %s', (cost, query, variables) => {
  expect(costOf(query, variables)).toBe(cost);
});

it('of fragments that multiply is known at once', () => {
  const levels = Array.from(
    { length: 12 },
    (_, n) =>
      `fragment F${n} on Item { ${'items(first: 100) { nodes { ...F' + String(n + 1)} } } parts { id } ...G }`,
  );
  const query = `{ items(first: 100) { nodes { ...F0 } } } ${levels.join(' ')} fragment F12 on Item { id } fragment G on Item { id }`;
  expect(costOf(query)).toBeGreaterThan(1e24);
});
