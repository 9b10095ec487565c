import { readFile } from 'node:fs/promises';
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';

/** The contract that clients depend on (design §4), in its words. It may be added to; nothing of it may go or change. */
const contract = buildSchema(`
scalar DateTime
scalar JSONObject
interface Node { id: ID! }
type PageInfo { hasNextPage: Boolean!  hasPreviousPage: Boolean!  startCursor: String  endCursor: String }

type Mutation {
  "Sends an M-Pesa payment prompt to the payer's phone."
  initiateStkPush(input: InitiateStkPushInput!): InitiateStkPushPayload
  "Another watch token for a transaction of yours."
  createWatchToken(transactionId: ID!): CreateWatchTokenPayload
}

input InitiateStkPushInput {
  "Payer's Safaricom number: 07…, 01…, 7…, 254…, +254…; spaces and dashes allowed."
  phoneNumber: String!
  "Whole Kenyan shillings, 1 to 250,000."
  amount: Int!
  "Shown to the payer in the prompt. 1 to 12 characters."
  accountReference: String!
  "At most 13 characters. Default: the account reference."
  description: String
  "Your own key for this payment, 1 to 255 characters, unique for ever per API client."
  idempotencyKey: String!
  "Up to 4 KB of your own JSON; comes back as equal JSON."
  metadata: JSONObject
}

type InitiateStkPushPayload {
  "Null only if the request was refused before a transaction existed; then \`userErrors\` says why."
  transaction: Transaction
  "Lets its holder watch this one transaction and nothing else. Safe in a browser or a phone."
  watchToken: String
  watchTokenExpiresAt: DateTime
  "True if this answer repeats an earlier request with the same idempotency key."
  replayed: Boolean!
  userErrors: [UserError!]!
}

"\`path\` starts with \\"input\\". \`retryable\`: the same input with the same key may succeed later."
type UserError { code: UserErrorCode!  message: String!  path: [String!]!  retryable: Boolean!  retryAfterSeconds: Int }

enum UserErrorCode { INVALID_PHONE_NUMBER INVALID_AMOUNT INVALID_ACCOUNT_REFERENCE INVALID_DESCRIPTION
  INVALID_IDEMPOTENCY_KEY INVALID_METADATA IDEMPOTENCY_KEY_REUSED PROMPT_ALREADY_OPEN PAYER_COOLING_DOWN
  RATE_LIMITED NOT_FOUND UNAVAILABLE }

type Query {
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  transaction(by: TransactionLookup!): Transaction
  transactions(where: TransactionWhere, orderBy: TransactionOrder = NEWEST_FIRST, first: Int, after: String, last: Int, before: String): TransactionConnection!
  "Waits on the server until the payment is final or the time (1 to 55 s) is up, for clients without a socket."
  awaitPayment(transactionId: ID!, timeoutSeconds: Int = 30): PaymentStatus!
  "What Malipo is and which environment it talks to."
  server: ServerInfo!
}

input TransactionLookup @oneOf { id: ID  checkoutRequestId: String  merchantRequestId: String  mpesaReceiptNumber: String  idempotencyKey: String }
input TransactionWhere { status: [TransactionStatus!]  isFinal: Boolean  needsAttention: Boolean
  createdFrom: DateTime  createdBefore: DateTime  changedFrom: DateTime  changedBefore: DateTime
  "Whole shillings, inclusive." amountFrom: Int  "Whole shillings, inclusive." amountTo: Int
  phoneNumber: String  mpesaReceiptNumber: String  accountReference: String
  "Start of a receipt, account reference or idempotency key, or the end of a phone number." search: String }
enum TransactionOrder { NEWEST_FIRST OLDEST_FIRST }
type TransactionConnection { edges: [TransactionEdge!]!  nodes: [Transaction!]!  pageInfo: PageInfo!  "Exact up to 10,000, null beyond." totalCount: Int }
type TransactionEdge { cursor: String!  node: Transaction! }
type ServerInfo { environment: Environment!  version: String!  now: DateTime! }
enum Environment { SIMULATOR SANDBOX PRODUCTION }

type Subscription {
  "The present state first (or every change after \`afterSequence\`), then each change once and in order; ends after the latest change once that is final."
  paymentStatus(transactionId: ID!, afterSequence: Int): PaymentStatus!
}

"In a replayed change \`status\`, \`sequence\` and \`isFinal\` are of that moment; \`transaction\` is the present."
type PaymentStatus { sequence: Int!  status: TransactionStatus!  isFinal: Boolean!  occurredAt: DateTime!  transaction: Transaction! }

type Transaction implements Node {
  id: ID!  kind: TransactionKind!  environment: Environment!
  status: TransactionStatus!  sequence: Int!  isFinal: Boolean!
  amount: Money!  paidAmount: Money
  phoneNumber: String  accountReference: String  description: String
  merchantRequestId: String  checkoutRequestId: String  mpesaReceiptNumber: String
  resultCode: String  resultDescription: String  failureReason: FailureReason
  "A new payment with a new idempotency key may be offered, not before \`retryAfter\`."
  canRetry: Boolean!  retryAfter: DateTime
  "When the prompt on the phone lapses; null unless the payer is awaited."
  promptExpiresAt: DateTime
  "For the payer: what happened and what to do now."
  payerMessage(language: Language! = EN): String!
  attention: [AttentionReason!]!
  idempotencyKey: String  metadata: JSONObject
  createdAt: DateTime!  updatedAt: DateTime!  acceptedAt: DateTime  settledAt: DateTime  paidAt: DateTime
  timeline: [TransactionEvent!]
}
type TransactionEvent { sequence: Int!  status: TransactionStatus!  evidence: Evidence!  occurredAt: DateTime!  resultCode: String  message: String! }

type CreateWatchTokenPayload { watchToken: String  watchTokenExpiresAt: DateTime  userErrors: [UserError!]! }

enum TransactionKind { STK_PUSH }
enum TransactionStatus { REQUESTED AWAITING_PAYER UNCONFIRMED COMPLETED CANCELLED EXPIRED FAILED }
enum Evidence { API DARAJA_ANSWER CALLBACK QUERY OPERATOR TIMER }
enum AttentionReason { PAID_TWICE AMOUNT_DIFFERS EVIDENCE_CONTRADICTS STILL_OPEN }
enum CurrencyCode { KES }
enum FailureReason { INSUFFICIENT_FUNDS WRONG_PIN CANCELLED_BY_PAYER PAYER_UNREACHABLE PROMPT_EXPIRED SUBSCRIBER_BUSY
  LIMIT_EXCEEDED PAYER_NOT_ELIGIBLE PROMPT_NOT_SENT PROMPT_FAILED MERCHANT_CONFIGURATION PROVIDER_BUSY PROVIDER_REFUSED OTHER }
enum Language { EN SW }
"One payment is at most 25,000,000 cents. \`formatted\`: \`KES 1,500.00\`, the same for every caller."
type Money { amountMinor: Int!  currency: CurrencyCode!  formatted: String! }
`);

type Member = { name: string; type: string; description: string | null | undefined };

/** Everything of a type that has a name, as `Type.field(argument)`, with what it is made of. */
function membersOf(type: GraphQLNamedType): Member[] {
  if (isEnumType(type)) {
    return type.getValues().map(({ name, description }) => ({
      name: `${type.name}.${name}`,
      type: 'value',
      description,
    }));
  }
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map((field) => ({
      name: `${type.name}.${field.name}`,
      type: String(field.type),
      description: field.description,
    }));
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    {
      name: `${type.name}.${field.name}`,
      type: String(field.type),
      description: field.description,
    },
    ...field.args.map((argument) => ({
      name: `${type.name}.${field.name}(${argument.name})`,
      type: String(argument.type),
      description: argument.description,
    })),
  ]);
}

function ownTypes(from: GraphQLSchema): GraphQLNamedType[] {
  const builtIn = ['String', 'Int', 'Float', 'Boolean', 'ID'];
  return Object.values(from.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !builtIn.includes(type.name),
  );
}

describe('schema.graphql', () => {
  it('is what the code prints: npm run schema', async () => {
    const file = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
    expect(file).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
  });

  it('describes every type, field, argument and enum value', () => {
    const types = ownTypes(schema);
    const nameless = [
      ...types.map(({ name, description }) => ({ name, description })),
      ...types.flatMap(membersOf),
    ].filter(({ description }) => (description ?? '').trim() === '');
    expect(nameless.map(({ name }) => name)).toEqual([]);
    expect(types.length).toBeGreaterThan(20);
  });
});

describe('the contract', () => {
  // Through text, so that what one builder writes as a value and the other as a literal looks the same.
  const ours = buildSchema(printSchema(schema));

  it.each(ownTypes(contract).map((type) => [type.name, type] as const))('holds for %s', (name, expected) => {
    const type = ours.getType(name);
    expect(type?.constructor.name).toBe(expected.constructor.name);
    const members = type === undefined ? [] : membersOf(type);
    const shapeOf = (list: Member[]) => Object.fromEntries(list.map((member) => [member.name, member.type]));
    expect(shapeOf(members)).toMatchObject(shapeOf(membersOf(expected)));
    if (isObjectType(expected) && isObjectType(type)) {
      expect(type.getInterfaces().map(String)).toEqual(
        expect.arrayContaining(expected.getInterfaces().map(String)),
      );
    }
    if (isInputObjectType(expected) && isInputObjectType(type)) expect(type.isOneOf).toBe(expected.isOneOf);
  });

  it.each([
    ['transactions', 'orderBy: TransactionOrder = NEWEST_FIRST'],
    ['awaitPayment', 'timeoutSeconds: Int = 30'],
    ['payerMessage', 'language: Language! = EN'],
  ])('keeps the default of %s', (_, written) => {
    expect(printSchema(schema)).toContain(written);
    expect(printSchema(contract)).toContain(written);
  });

  it('adds nothing to an input that a client would have to give', () => {
    const added = ownTypes(ours)
      .filter(isInputObjectType)
      .flatMap((type) => {
        const known = contract.getType(type.name);
        // Nobody gave an input before there was one.
        if (!isInputObjectType(known)) return [];
        const names = Object.keys(known.getFields());
        return Object.values(type.getFields())
          .filter((field) => !names.includes(field.name) && String(field.type).endsWith('!'))
          .map((field) => `${type.name}.${field.name}`);
      });
    expect(added).toEqual([]);
  });
});
