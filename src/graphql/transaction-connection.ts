import type { Transaction as TransactionRow } from '../database/generated/prisma/client.ts';
import { countMatching, findPage, type Filter, type Sight, type Window } from '../transactions/find.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { TransactionStatus } from './enums.ts';
import { callerError } from './errors.ts';
import { makeCursor } from './global-ids.ts';
import { readPageSize, readPlace } from './page-arguments.ts';
import { Transaction } from './transaction-type.ts';

export const TransactionWhere = builder.inputType('TransactionWhere', {
  description: 'Which payments: all conditions that are given must hold.',
  fields: (t) => ({
    status: t.field({ type: [TransactionStatus], description: 'Any of these.' }),
    isFinal: t.boolean({ description: 'Whether no further change is expected.' }),
    needsAttention: t.boolean({ description: 'Whether a person should look at it.' }),
    createdFrom: t.field({ type: 'DateTime', description: 'Created then or later.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Created earlier.' }),
    changedFrom: t.field({ type: 'DateTime', description: 'Last changed then or later.' }),
    changedBefore: t.field({ type: 'DateTime', description: 'Last changed earlier.' }),
    amountFrom: t.int({ description: 'Whole shillings, inclusive.' }),
    amountTo: t.int({ description: 'Whole shillings, inclusive.' }),
    phoneNumber: t.string({ description: 'The payer, written in any usual way.' }),
    mpesaReceiptNumber: t.string({ description: 'The whole receipt, in any case.' }),
    accountReference: t.string({ description: 'The whole reference, in the same case.' }),
    search: t.string({
      description: 'Start of a receipt, account reference or idempotency key, or the end of a phone number.',
    }),
  }),
});

export const TransactionOrder = builder.enumType('TransactionOrder', {
  description: 'By time of creation.',
  values: {
    NEWEST_FIRST: { description: 'Newest first.' },
    OLDEST_FIRST: { description: 'Oldest first.' },
  } as const,
});

export type TransactionPage = {
  rows: TransactionRow[];
  sight: Sight;
  filter: Filter;
  hasNextPage: boolean;
  hasPreviousPage: boolean;
};

const TransactionEdge = builder.objectRef<TransactionRow>('TransactionEdge').implement({
  description: 'A payment and its place in the list.',
  fields: (t) => ({
    cursor: t.string({ description: 'For `after` and `before`.', resolve: ({ id }) => makeCursor(id) }),
    node: t.field({ type: Transaction, description: 'The payment.', resolve: (row) => row }),
  }),
});

export const TransactionConnection = builder.objectRef<TransactionPage>('TransactionConnection').implement({
  description: 'A page of payments.',
  fields: (t) => ({
    edges: t.field({
      type: [TransactionEdge],
      description: 'With their places.',
      resolve: ({ rows }) => rows,
    }),
    nodes: t.field({ type: [Transaction], description: 'The payments alone.', resolve: ({ rows }) => rows }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Where the page lies.',
      resolve: ({ rows, hasNextPage, hasPreviousPage }) => ({
        hasNextPage,
        hasPreviousPage,
        startCursor: cursorOf(rows.at(0)),
        endCursor: cursorOf(rows.at(-1)),
      }),
    }),
    totalCount: t.int({
      nullable: true,
      description: 'Exact up to 10,000, null beyond. Costs a count: ask only when you show it.',
      resolve: ({ sight, filter }, _args, { deps }) => countMatching(deps.prisma, sight, filter),
    }),
  }),
});

const cursorOf = (row: TransactionRow | undefined): string | null =>
  row === undefined ? null : makeCursor(row.id);

export type PageArguments = {
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
};

/** Throws BAD_USER_INPUT for what would otherwise have to be guessed at or cut down in silence. */
export async function resolvePage(
  { deps }: Context,
  sight: Sight,
  filter: Filter,
  newestFirst: boolean,
  args: PageArguments,
): Promise<TransactionPage> {
  const window = readWindow(newestFirst, args);
  const { rows, hasMore, hasEarlier } = await findPage(deps, sight, filter, window);
  const { fromEnd } = window;
  return {
    rows,
    sight,
    filter,
    hasNextPage: fromEnd ? hasEarlier : hasMore,
    hasPreviousPage: fromEnd ? hasMore : hasEarlier,
  };
}

function readWindow(newestFirst: boolean, { first, after, last, before }: PageArguments): Window {
  if (typeof first === 'number' && typeof last === 'number') {
    throw callerError('BAD_USER_INPUT', 'Give `first` or `last`, not both.');
  }
  return {
    take: readPageSize(typeof last === 'number' ? 'last' : 'first', first ?? last),
    newestFirst,
    fromEnd: typeof last === 'number',
    after: readPlace('after', after),
    before: readPlace('before', before),
  };
}
