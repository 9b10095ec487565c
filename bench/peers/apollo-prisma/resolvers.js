import { GraphQLError, GraphQLScalarType } from 'graphql';
import { cursorOf, formatted, globalId, isFinal, readCursor, readGlobalId } from '../payment-fields.js';
import { initiateStkPush } from './initiate-stk-push.js';
import { watchPayment } from './watch-payment.js';

const DateTime = new GraphQLScalarType({ name: 'DateTime', serialize: (date) => date.toISOString() });

function requireScope({ scopes }, scope) {
  if (!scopes.includes(scope)) throw new GraphQLError('Forbidden', { extensions: { code: 'FORBIDDEN' } });
}

export function createResolvers(prisma) {
  return {
    DateTime,
    Query: {
      transaction(_root, { by }, viewer) {
        requireScope(viewer, 'payments:read');
        return prisma.transaction.findFirst({
          where: { id: readGlobalId(by.id), clientId: viewer.clientId },
        });
      },
      async transactions(_root, { first, after }, viewer) {
        requireScope(viewer, 'payments:read');
        const rows = await prisma.transaction.findMany({
          where: { clientId: viewer.clientId, ...(after ? { id: { lt: readCursor(after) } } : {}) },
          orderBy: { id: 'desc' },
          take: first + 1,
        });
        const nodes = rows.slice(0, first);
        const last = nodes.at(-1);
        return {
          nodes,
          pageInfo: { endCursor: last ? cursorOf(last.id) : null, hasNextPage: rows.length > first },
        };
      },
    },
    Mutation: {
      initiateStkPush(_root, { input }, viewer) {
        requireScope(viewer, 'payments:initiate');
        return initiateStkPush(prisma, viewer.clientId, input);
      },
    },
    Subscription: {
      paymentStatus: {
        subscribe: (_root, { transactionId }, viewer) =>
          watchPayment(prisma, viewer.clientId, readGlobalId(transactionId)),
      },
    },
    Transaction: {
      id: ({ id }) => globalId(id),
      isFinal: ({ status }) => isFinal(status),
      amount: ({ amountCents, currency }) => ({ amountMinor: amountCents, currency }),
    },
    Money: { formatted },
  };
}
