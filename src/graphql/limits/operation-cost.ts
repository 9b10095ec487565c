import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isListType,
  isObjectType,
  Kind,
  typeFromAST,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type VariableValues,
} from 'graphql';
import { fieldCosts, listSizeDefault, listSizeMax, otherListSize } from './limits.ts';
import { fragmentsOf } from './measure-operation.ts';

/** How large the lists are that stand in the connection which is looked at; null outside of one. */
type Page = number | null;

export type Operation = {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: VariableValues;
};

/**
 * What an operation costs: 1 for each object that it may answer with, so a list of 50 costs 50 times what one of its
 * items does. Plain values are free: they come with the row. The size of a list is what its arguments say, wherever the
 * value comes from, for which the variables must be known.
 */
export function operationCost({ schema, document, operation, variables }: Operation): number {
  const fragments = fragmentsOf(document);
  const known = new Map<string, number>();

  function ofSet(type: GraphQLNamedType, { selections }: SelectionSetNode, page: Page): number {
    return selections.reduce((sum, selection) => sum + ofSelection(type, selection, page), 0);
  }

  function ofSelection(type: GraphQLNamedType, selection: SelectionNode, page: Page): number {
    switch (selection.kind) {
      case Kind.FIELD:
        return ofField(type, selection, page);
      case Kind.INLINE_FRAGMENT: {
        const { typeCondition, selectionSet } = selection;
        return ofSet((typeCondition && typeFromAST(schema, typeCondition)) ?? type, selectionSet, page);
      }
      case Kind.FRAGMENT_SPREAD: {
        const fragment = fragments.get(selection.name.value);
        return fragment === undefined ? 0 : ofFragment(fragment, page);
      }
    }
  }

  /** Once for each size of page, however often it is spread. */
  function ofFragment({ name, typeCondition, selectionSet }: FragmentDefinitionNode, page: Page): number {
    const key = `${name.value} ${String(page)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const type = typeFromAST(schema, typeCondition);
    const cost = type === undefined ? 0 : ofSet(type, selectionSet, page);
    known.set(key, cost);
    return cost;
  }

  function ofField(parent: GraphQLNamedType, node: FieldNode, page: Page): number {
    const own = fieldCosts[`${parent.name}.${node.name.value}`] ?? 0;
    const field = fieldOf(schema, parent, node);
    if (field === undefined || node.selectionSet === undefined) return own;
    const type = getNamedType(field.type);
    if (!isCompositeType(type) || type.name.startsWith('__')) return own;
    const args = argumentsOf(field, node, variables);
    const isList = isListType(getNullableType(field.type));
    const size = sizeAskedFor(field, args);
    // The lists in a connection are as long as the connection was asked to be.
    const below = isList ? null : isConnection(type) ? (size ?? listSizeDefault) : null;
    const count = isList ? (size ?? page ?? otherListSize) : 1;
    return own + count * (1 + ofSet(type, node.selectionSet, below));
  }

  const root = schema.getRootType(operation.operation);
  return root ? ofSet(root, operation.selectionSet, null) : 0;
}

function fieldOf(schema: GraphQLSchema, parent: GraphQLNamedType, { name }: FieldNode) {
  return isCompositeType(parent) ? schema.getField(parent, name.value) : undefined;
}

function isConnection(type: GraphQLNamedType): boolean {
  return isObjectType(type) && type.name.endsWith('Connection');
}

type Args = { [name: string]: unknown };

/** Arguments that do not fit are refused where they are used. */
function argumentsOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: VariableValues,
): Args {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return {};
  }
}

/** Null where no argument says. Ids that are given are as many as there are. */
function sizeAskedFor({ args }: GraphQLField<unknown, unknown>, values: Args): number | null {
  const sizes = args.flatMap(({ name, type }): unknown[] => {
    const value = values[name];
    if (isListType(getNullableType(type))) return Array.isArray(value) ? [value.length] : [];
    // Not into values of JSON, where such names are the caller's own.
    if (isInputObjectType(getNamedType(type)) && isObject(value)) return [value['first'], value['last']];
    return name === 'first' || name === 'last' ? [value] : [];
  });
  const numbers = sizes.filter((size) => typeof size === 'number');
  return numbers.length === 0 ? null : Math.min(Math.max(0, ...numbers), listSizeMax);
}

function isObject(value: unknown): value is Args {
  return typeof value === 'object' && value !== null;
}
