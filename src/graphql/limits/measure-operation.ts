import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** The size of an operation as it would be without fragments. */
export type Measures = {
  depth: number;
  aliases: number;
  directives: number;
  /** In all. */
  fields: number;
  /** Of the operation itself. */
  rootFields: number;
};

const nothing: Measures = { depth: 0, aliases: 0, directives: 0, fields: 0, rootFields: 0 };

/**
 * Measures an operation without unfolding it: fragments that each spread the next one twice would unfold without end, so
 * each is measured once. It runs before validation, which is itself slow for what it is to be protected from.
 */
export function measureOperation(document: DocumentNode, operation: OperationDefinitionNode): Measures {
  const fragments = fragmentsOf(document);
  const measured = new Map<string, Measures>();

  function ofSet({ selections }: SelectionSetNode): Measures {
    return selections.map(ofSelection).reduce(both, nothing);
  }

  function ofSelection(selection: SelectionNode): Measures {
    const directives = selection.directives?.length ?? 0;
    switch (selection.kind) {
      case Kind.FIELD: {
        const below = selection.selectionSet ? ofSet(selection.selectionSet) : nothing;
        return {
          // Introspection has a rule of its own, and tools ask for it at a depth of 13.
          depth: selection.name.value.startsWith('__') ? 1 : 1 + below.depth,
          aliases: below.aliases + (selection.alias ? 1 : 0),
          directives: below.directives + directives,
          fields: below.fields + 1,
          rootFields: 1,
        };
      }
      case Kind.INLINE_FRAGMENT:
        return both(ofSet(selection.selectionSet), { ...nothing, directives });
      case Kind.FRAGMENT_SPREAD:
        return both(ofFragment(selection.name.value), { ...nothing, directives });
    }
  }

  function ofFragment(name: string): Measures {
    const known = measured.get(name);
    if (known !== undefined) return known;
    // Met again within itself it adds nothing: that it is a circle is for validation to say.
    measured.set(name, nothing);
    const fragment = fragments.get(name);
    if (fragment === undefined) return nothing;
    const directives = fragment.directives?.length ?? 0;
    const measures = both(ofSet(fragment.selectionSet), { ...nothing, directives });
    measured.set(name, measures);
    return measures;
  }

  const { directives = [], variableDefinitions = [] } = operation;
  const ownDirectives = variableDefinitions.reduce(
    (sum, variable) => sum + (variable.directives?.length ?? 0),
    directives.length,
  );
  return both(ofSet(operation.selectionSet), { ...nothing, directives: ownDirectives });
}

export function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
}

function both(one: Measures, other: Measures): Measures {
  return {
    depth: Math.max(one.depth, other.depth),
    aliases: one.aliases + other.aliases,
    directives: one.directives + other.directives,
    fields: one.fields + other.fields,
    rootFields: one.rootFields + other.rootFields,
  };
}
