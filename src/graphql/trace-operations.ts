import { getOperationAST, Kind, type DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Trace } from '../lib/trace.ts';

type Args = { document: DocumentNode; operationName?: string | null };
type Run = (args: Args) => unknown;

/** A span for each operation, on all three transports. It is named by the schema's words, and by none of the caller's. */
export function traceOperations(trace: Trace): Plugin {
  const traced =
    (run: Run): Run =>
    (args) => {
      const name = nameOf(args);
      return trace(`graphql ${name}`, { 'graphql.operation.type': name.split(' ')[0] ?? '' }, async () =>
        run(args),
      );
    };
  return {
    onExecute: ({ executeFn, setExecuteFn }) => setExecuteFn(traced(executeFn as Run)),
    // Until the first event can come: how long one watches says nothing.
    onSubscribe: ({ subscribeFn, setSubscribeFn }) => setSubscribeFn(traced(subscribeFn as Run)),
  };
}

/** Such as `mutation initiateStkPush`. The document is valid, so these are fields of the schema; an alias is not shown. */
function nameOf({ document, operationName }: Args): string {
  const operation = getOperationAST(document, operationName);
  const fields = (operation?.selectionSet.selections ?? []).map((selection) =>
    selection.kind === Kind.FIELD ? selection.name.value : '…',
  );
  return [operation?.operation ?? 'unknown', ...new Set(fields)].slice(0, 5).join(' ');
}
