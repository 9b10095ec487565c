import { PaymentStream } from '../feed/payment-stream.ts';
import { builder } from './builder.ts';
import { callerError } from './errors.ts';
import { PaymentStatus } from './payment-status.ts';
import { requireVisible } from './queries.ts';

builder.subscriptionType({
  description: 'What can be watched, over WebSocket (`graphql-transport-ws`) and SSE alike.',
  fields: (t) => ({
    paymentStatus: t.field({
      type: PaymentStatus,
      description:
        'The present state first (or every change after `afterSequence`), then each change once and in order; ends after the latest change once that is final.',
      args: {
        transactionId: t.arg.id({ required: true, description: 'Which payment.' }),
        afterSequence: t.arg.int({
          description: 'The last sequence you have seen, to resume. Not negative.',
        }),
      },
      subscribe: async (_root, { transactionId, afterSequence }, context) => {
        if (typeof afterSequence === 'number' && afterSequence < 0) {
          throw callerError('BAD_USER_INPUT', '`afterSequence` must not be negative.');
        }
        const { stream } = context.deps;
        // Those who come back while the database is away must not be told that they cannot watch.
        const id = await requireVisible(context, transactionId, stream.patiently);
        return new PaymentStream(stream, id, afterSequence ?? null);
      },
      resolve: (change) => change,
    }),
  }),
});
