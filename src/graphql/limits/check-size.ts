import { Kind, type DocumentNode, type GraphQLError, type OperationTypeNode } from 'graphql';
import { callerError } from '../errors.ts';
import { limits } from './limits.ts';
import { measureOperation, type Measures } from './measure-operation.ts';

type Rule = {
  measure: keyof Measures;
  max: (operation: OperationTypeNode) => number;
  says: (max: number) => string;
};

const rules: readonly Rule[] = [
  {
    measure: 'rootFields',
    max: (operation) => limits.rootFields[operation],
    says: (max) => `An operation of this kind has at most ${max} fields of its own`,
  },
  {
    measure: 'aliases',
    max: () => limits.aliases,
    says: (max) => `An operation has at most ${max} aliases`,
  },
  {
    measure: 'directives',
    max: () => limits.directives,
    says: (max) => `An operation has at most ${max} directives`,
  },
  {
    measure: 'depth',
    max: () => limits.depth,
    says: (max) => `Fields stand within one another at most ${max} deep`,
  },
  {
    measure: 'fields',
    max: () => limits.fields,
    says: (max) => `An operation has at most ${max} fields, those of its fragments included`,
  },
];

/** The first limit that an operation of the document exceeds, or null. Depends on the document alone. */
export function checkSize(document: DocumentNode): GraphQLError | null {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const measures = measureOperation(document, definition);
    for (const { measure, max, says } of rules) {
      const limit = max(definition.operation);
      if (measures[measure] > limit) return callerError('BAD_USER_INPUT', `${says(limit)}.`);
    }
  }
  return null;
}
