import type { PaymentChange } from '../feed/change-reader.ts';
import { builder } from './builder.ts';
import { TransactionStatus } from './enums.ts';
import { isOfRowAlone, Transaction } from './transaction-type.ts';

export const PaymentStatus = builder.objectRef<PaymentChange>('PaymentStatus').implement({
  description:
    'In a replayed change `status`, `sequence` and `isFinal` are of that moment; `transaction` is the present.',
  fields: (t) => ({
    sequence: t.exposeInt('sequence', {
      description: 'Drop those that you have seen; resume after the last.',
    }),
    status: t.expose('status', { type: TransactionStatus, description: 'The status at that moment.' }),
    isFinal: t.exposeBoolean('isFinal', { description: 'Whether a further change was expected then.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When.' }),
    transaction: t.prismaField({
      type: Transaction,
      description: 'The payment as it is now.',
      resolve: (query, { transactionId: id }, _args, { deps }, { operation }) => {
        const read = async () =>
          (isOfRowAlone(query) ? await deps.paymentById(id) : null) ??
          deps.prisma.transaction.findUniqueOrThrow({ ...query, where: { id } });
        // A change that is told without its payment is not told again.
        return operation.operation === 'subscription' ? deps.stream.patiently(read) : read();
      },
    }),
  }),
});
