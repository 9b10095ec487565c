/**
 * What one operation may ask for, on every transport alike. The largest of our own documents is far below each; where
 * the numbers come from is said beside them.
 */
export const limits = {
  /** Of the document. A comment has no token, and no app's operation needs as many characters. */
  characters: 16_384,
  /** Of the document. Nested deeper than so many, one would overflow the stack. */
  tokens: 1_000,
  /** Fields within fields; what fragments hold counts where they are spread. A connection takes two for each list. */
  depth: 8,
  /** In all, `__typename` not excepted. */
  aliases: 15,
  directives: 10,
  /** Fields in all, as often as they are spread. */
  fields: 1_000,
  /** Fields of one operation itself. Each is executed by itself and counts for the rates. */
  rootFields: { query: 10, mutation: 5, subscription: 1 },
  /** See operation-cost.ts. */
  cost: 1_000,
} as const;

/** No list gives more at once; whoever asks for more is refused by its resolver. */
export const listSizeMax = 100;
export const listSizeDefault = 20;

/** What a field costs that does more than its type shows, beside what it holds. */
export const fieldCosts: { [field: string]: number } = {
  // The whole schema is some 150 KB.
  'Query.__schema': 200,
  'Query.__type': 50,
  // Counts up to 10,000 rows.
  'TransactionConnection.totalCount': 10,
};

/** How many items a list counts for that takes no size: a payment has three to five changes. */
export const otherListSize = 5;
