import {
  getOperationAST,
  getVariableValues,
  NoSchemaIntrospectionCustomRule,
  parse,
  validate,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { badRequest, callerError, rateLimited, withRequestId } from '../errors.ts';
import { checkSize } from './check-size.ts';
import { limits } from './limits.ts';
import { operationCost } from './operation-cost.ts';
import type { Rates } from './rates.ts';
import { assertTrusted, type TrustedDocuments } from './trusted-documents.ts';

export type GateSettings = {
  trustedDocuments: TrustedDocuments;
  /** Whether the schema may be asked about, and be guessed at by its suggestions. */
  introspection: boolean;
};

/**
 * What an operation must pass before any of it runs, over HTTP, SSE and WebSocket alike: it stands where all three come
 * by. Of many errors the first is told; the others would cost more than they help.
 */
export function createGate({ trustedDocuments, introspection }: GateSettings, rates: Rates): Plugin<Context> {
  const checkTrust = assertTrusted(trustedDocuments);
  const hideSuggestions = !introspection;
  // Of a document that is kept, so is the verdict. Nothing of it may depend on variables or on who asks.
  const sizes = new WeakMap<DocumentNode, { problem: GraphQLError | null }>();

  function sizeProblem(document: DocumentNode): GraphQLError | null {
    const known = sizes.get(document) ?? { problem: checkSize(document) };
    sizes.set(document, known);
    return known.problem;
  }

  return {
    onParse: ({ params, context, setParseFn }) => {
      const retryAfterSeconds = rates.takeOperation(context.viewer);
      if (retryAfterSeconds > 0) throw rateLimited(retryAfterSeconds, { isWhole: true });
      const source = String(params.source);
      if (source.length > limits.characters) {
        throw callerError(
          'BAD_USER_INPUT',
          `A document has at most ${limits.characters} characters.`,
          badRequest,
        );
      }
      checkTrust(source);
      setParseFn((text: string, options: object) => parse(text, { ...options, maxTokens: limits.tokens }));
    },
    onValidate: ({ params, setResult, setValidationFn, addValidationRule }) => {
      const problem = sizeProblem(params.documentAST as DocumentNode);
      if (problem !== null) setResult([problem]);
      if (!introspection) addValidationRule(NoSchemaIntrospectionCustomRule);
      setValidationFn(((schema: GraphQLSchema, document: DocumentNode, rules: never) =>
        validate(schema, document, rules, { maxErrors: 1, hideSuggestions }).slice(0, 1)) as never);
    },
    onExecute: ({ args, context, setResultAndStopExecution }) => {
      const problem = problemOf(args, hideSuggestions);
      if (problem) setResultAndStopExecution({ errors: [named(problem, context)] });
    },
    onSubscribe: ({ args, context, setResultAndStopExecution }) => {
      const problem = problemOf(args, hideSuggestions);
      if (problem) setResultAndStopExecution({ errors: [named(problem, context)] });
    },
  };
}

/** What only the variables tell, before any field is resolved. */
function problemOf(
  { schema, document, operationName, variableValues }: ExecutionArgs,
  hideSuggestions: boolean,
): GraphQLError | undefined {
  const operation = getOperationAST(document, operationName);
  // The executor says what is wrong with the name.
  if (!operation) return undefined;
  const { variableValues: variables, errors } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    variableValues ?? {},
    { maxErrors: 1, hideSuggestions },
  );
  if (errors !== undefined) return errors[0];
  const cost = operationCost({ schema, document, operation, variables });
  if (cost <= limits.cost) return undefined;
  return callerError(
    'BAD_USER_INPUT',
    `This would cost ${cost}, and an operation may cost ${limits.cost}: ask for fewer items or for less of each.`,
  );
}

function named(problem: GraphQLError, { requestId }: Context): GraphQLError {
  return withRequestId(problem, requestId, 'BAD_USER_INPUT');
}
