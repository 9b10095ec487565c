import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLNamedType,
} from 'graphql';
import type { Random } from '../../src/commands/crash-test/random.ts';
import { schema } from '../../src/graphql/schema.ts';
import { makeText, makeValue } from './make-value.ts';

/** A document that is wrong, or nearly right, in a way of its own. */
export function makeDocument(random: Random): string {
  const document = random.pick([grown, grown, multiplied, grown])(random);
  return random.below(3) === 0 ? damaged(document, random) : document;
}

/** Grown from the schema, with no regard for limits, and with a field now and then that there is not. */
function grown(random: Random): string {
  const kind = random.pick(['query', 'query', 'mutation', 'subscription'] as const);
  const root = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }[kind];
  const type = schema.getType(root);
  const name = random.below(3) === 0 ? ` ${makeName(random)}` : '';
  const variables =
    random.below(3) === 0 ? `($a: ${random.pick(['Int', 'ID!', '[X!]', 'JSONObject', 'Int = "x"'])})` : '';
  return `${kind}${name}${variables} ${selectionOf(type, random, 1 + random.below(7))}`;
}

function selectionOf(type: GraphQLNamedType | undefined, random: Random, depth: number): string {
  const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
  const count = 1 + random.below(random.below(8) === 0 ? 40 : 4);
  const selections = Array.from({ length: count }, () => {
    const field = fields[random.below(fields.length)];
    const alias = random.below(6) === 0 ? `${makeName(random)}: ` : '';
    const directive =
      random.below(12) === 0
        ? ` @${random.pick(['skip(if: true)', 'include(if: $a)', 'nope', 'defer'])}`
        : '';
    if (field === undefined || random.below(10) === 0)
      return `${alias}${random.pick(['nope', '__typename', '...F', '... on Transaction { id }', '__schema { types { name } }'])}${directive}`;
    const args = field.args.length > 0 ? argumentsOf(field.args, random) : '';
    const inner = getNamedType(field.type);
    const below =
      isCompositeType(inner) !== (random.below(30) === 0)
        ? depth > 0
          ? selectionOf(inner, random, depth - 1)
          : '{ __typename }'
        : '';
    return `${alias}${field.name}${args}${directive} ${below}`;
  });
  return `{ ${selections.join(' ')} }`;
}

function argumentsOf(args: readonly GraphQLArgument[], random: Random): string {
  const given = args
    .filter(() => random.below(3) > 0)
    .map(({ name, type }) => `${name}: ${literal(type, random)}`);
  return given.length === 0 ? '' : `(${given.join(', ')})`;
}

function literal(type: GraphQLInputType, random: Random): string {
  const named = getNamedType(type);
  if (random.below(8) === 0)
    return random.pick(['null', '$a', '-1', '1e400', 'NOPE', '[[[]]]', '{}', '2147483648']);
  if (isEnumType(named)) return named.getValues()[random.below(named.getValues().length)]?.name ?? 'X';
  if (isInputObjectType(named)) {
    const fields = Object.values(named.getFields()).filter(() => random.below(2) === 0);
    return `{ ${fields.map((field) => `${field.name}: ${literal(field.type, random)}`).join(' ')} }`;
  }
  return named.name === 'Int' ? String(random.below(200) - 50) : JSON.stringify(makeText(random));
}

/** What the limits are for. */
function multiplied(random: Random): string {
  const count = 1 + random.below(400);
  const times = (text: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => text(index)).join(' ');
  const shapes = [
    () => `{ ${times((n) => `a${n}: __typename`)} }`,
    () => `{ ${times(() => 'server { version }')} }`,
    () => `{ __typename ${times(() => '@aa')} }`,
    () => `${'{ a '.repeat(count)}${'}'.repeat(count)}`,
    () => `{ ...F0 } ${times((n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)}`,
    () => `{ __typename } #${'x'.repeat(count * 100)}`,
    () => `{ nodes(ids: ${'['.repeat(count)}${']'.repeat(count)}) { id } }`,
    () => `mutation { ${times((n) => `a${n}: recheckTransaction(id: "x") { userErrors { code } }`)} }`,
    () =>
      `{ __schema { ${'types { fields { type { '.repeat(count % 9)} name ${'} } }'.repeat(count % 9)} } }`,
  ] as const;
  return random.pick(shapes)();
}

/** As a broken client or a curious person would send it. */
function damaged(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const length = random.below(8);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + makeText(random) + text.slice(at);
    default:
      return (
        text.slice(0, at) + text.slice(at, at + length).repeat(2 + random.below(20)) + text.slice(at + length)
      );
  }
}

function makeName(random: Random): string {
  return random.pick(['a', 'b', 'c1', '__proto__', 'constructor', 'toString', 'query', 'on', 'null', 'true']);
}

/** Variables for any document. */
export function makeVariables(random: Random): unknown {
  return random.below(8) === 0 ? makeValue(random) : { a: makeValue(random), input: makeValue(random) };
}
