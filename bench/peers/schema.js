/** The part of Malipo's schema that is measured: the same documents run on every server. */
export const typeDefs = `#graphql
  scalar DateTime

  enum TransactionStatus { REQUESTED AWAITING_PAYER UNCONFIRMED COMPLETED CANCELLED EXPIRED FAILED }
  enum CurrencyCode { KES }

  type Money {
    amountMinor: Int!
    currency: CurrencyCode!
    formatted: String!
  }

  type Transaction {
    id: ID!
    status: TransactionStatus!
    sequence: Int!
    isFinal: Boolean!
    amount: Money!
    phoneNumber: String
    accountReference: String
    mpesaReceiptNumber: String
    checkoutRequestId: String
    createdAt: DateTime!
    settledAt: DateTime
    failureReason: String
  }

  type PageInfo {
    endCursor: String
    hasNextPage: Boolean!
  }

  type TransactionConnection {
    nodes: [Transaction!]!
    pageInfo: PageInfo!
  }

  input TransactionLookup { id: ID! }

  type Query {
    transaction(by: TransactionLookup!): Transaction
    transactions(first: Int = 20, after: String): TransactionConnection!
  }
`;

/** What only the server with mutations and subscriptions has. */
export const writingTypeDefs = `#graphql
  input InitiateStkPushInput {
    phoneNumber: String!
    amount: Int!
    accountReference: String!
    idempotencyKey: String!
    description: String
  }

  type InitiateStkPushPayload {
    transaction: Transaction
    replayed: Boolean!
  }

  type PaymentStatus {
    sequence: Int!
    status: TransactionStatus!
    isFinal: Boolean!
    transaction: Transaction!
  }

  type Mutation {
    initiateStkPush(input: InitiateStkPushInput!): InitiateStkPushPayload
  }

  type Subscription {
    paymentStatus(transactionId: ID!): PaymentStatus!
  }
`;
