import { PaymentStream } from '../feed/payment-stream.ts';
import type { Patiently } from '../feed/patience.ts';
import { awaitFinal } from '../feed/await-payment.ts';
import { isWithin, within, whereOfLookup, type Lookup, type Sight } from '../transactions/find.ts';
import { builder } from './builder.ts';
import { requireClient, requireClientSight, requireSight } from './authorize.ts';
import type { Context } from './context.ts';
import { Environment } from './enums.ts';
import { callerError, notFound } from './errors.ts';
import { readTransactionId, requireTransactionId } from './global-ids.ts';
import { listSizeMax } from './limits/limits.ts';
import { findNodes } from './nodes.ts';
import { PaymentStatus } from './payment-status.ts';
import {
  resolvePage,
  TransactionConnection,
  TransactionOrder,
  TransactionWhere,
} from './transaction-connection.ts';
import { isOfRowAlone, Transaction } from './transaction-type.ts';

const TransactionLookup = builder.inputType('TransactionLookup', {
  isOneOf: true,
  description: 'One way to name a payment.',
  fields: (t) => ({
    id: t.id({ description: 'Its `id` here.' }),
    checkoutRequestId: t.string({ description: 'M-Pesa’s id of the prompt.' }),
    merchantRequestId: t.string({ description: 'M-Pesa’s id of the request.' }),
    mpesaReceiptNumber: t.string({ description: 'The receipt.' }),
    idempotencyKey: t.string({ description: 'The key that your client gave it.' }),
  }),
});

const ServerInfo = builder.objectRef<{ version: string }>('ServerInfo').implement({
  description: 'What Malipo is and which environment it talks to.',
  fields: (t) => ({
    environment: t.field({
      type: Environment,
      description: 'Only PRODUCTION moves money.',
      resolve: (_server, _args, { deps }) => deps.environment,
    }),
    version: t.exposeString('version', { description: 'Of Malipo.' }),
    now: t.field({
      type: 'DateTime',
      description: 'The server’s clock, against which to read its times.',
      resolve: (_server, _args, { deps }) => deps.clock.now(),
    }),
  }),
});

builder.queryType({
  description: 'What can be asked.',
  fields: (t) => ({
    node: t.field({
      type: builder.nodeInterfaceRef(),
      nullable: true,
      description: 'Whatever has this id; null for an id that is malformed, unknown or not yours to see.',
      args: { id: t.arg.id({ required: true, description: 'A global id.' }) },
      resolve: async (_root, { id }, context) => (await findNodes(context, [id]))[0] ?? null,
    }),
    nodes: t.field({
      type: [builder.nodeInterfaceRef()],
      nullable: { list: false, items: true },
      description: `The same for at most ${listSizeMax} ids at once.`,
      args: { ids: t.arg.idList({ required: true, description: 'Global ids.' }) },
      resolve: (_root, { ids }, context) => {
        requireClient(context);
        if (ids.length > listSizeMax)
          throw callerError('BAD_USER_INPUT', `Give at most ${String(listSizeMax)} ids.`);
        return findNodes(context, ids);
      },
    }),
    transaction: t.prismaField({
      type: Transaction,
      nullable: true,
      description: 'One payment; null when there is none that you may see.',
      args: { by: t.arg({ type: TransactionLookup, required: true, description: 'How it is named.' }) },
      resolve: (query, _root, { by }, context) => {
        const lookup = readLookup(by);
        const sight = 'id' in lookup ? requireSight(context) : requireClientSight(context);
        const clientId = context.viewer.kind === 'client' ? context.viewer.clientId : null;
        const where = whereOfLookup(lookup, clientId);
        if (where === null) return null;
        if ('id' in lookup && isOfRowAlone(query)) return findVisible(context, lookup.id, sight);
        return context.deps.prisma.transaction.findFirst({
          ...query,
          where: { AND: [where, within(sight)] },
        });
      },
    }),
    transactions: t.field({
      type: TransactionConnection,
      description: 'Your payments, by time of creation.',
      args: {
        where: t.arg({ type: TransactionWhere, description: 'Which.' }),
        orderBy: t.arg({
          type: TransactionOrder,
          defaultValue: 'NEWEST_FIRST',
          description: 'In which order.',
        }),
        first: t.arg.int({ description: '1 to 100, from the start. Default 20.' }),
        after: t.arg.string({ description: 'Only what comes after this cursor.' }),
        last: t.arg.int({ description: '1 to 100, from the end.' }),
        before: t.arg.string({ description: 'Only what comes before this cursor.' }),
      },
      resolve: (_root, { where, orderBy, ...page }, context) =>
        resolvePage(context, requireClientSight(context), where ?? {}, orderBy !== 'OLDEST_FIRST', page),
    }),
    awaitPayment: t.field({
      type: PaymentStatus,
      description:
        'Waits on the server until the payment is final or the time (1 to 55 s) is up, for clients without a socket.',
      args: {
        transactionId: t.arg.id({ required: true, description: 'Which payment.' }),
        timeoutSeconds: t.arg.int({ defaultValue: 30, description: '1 to 55.' }),
      },
      resolve: async (_root, { transactionId, timeoutSeconds }, context) => {
        const id = await requireVisible(context, transactionId);
        const seconds = timeoutSeconds ?? 30;
        if (seconds < 1 || seconds > 55)
          throw callerError('BAD_USER_INPUT', '`timeoutSeconds` must be from 1 to 55.');
        const { stream, stopping } = context.deps;
        const change = await awaitFinal(new PaymentStream(stream, id, null), seconds * 1000, stopping);
        if (change === null) throw callerError('TIMEOUT', 'The payment could not be read in time.');
        return change;
      },
    }),
    server: t.field({
      type: ServerInfo,
      description: 'What Malipo is and which environment it talks to.',
      resolve: (_root, _args, { deps }) => ({ version: deps.version }),
    }),
  }),
});

/** The id of a payment that the caller may watch. Throws NOT_FOUND. */
export async function requireVisible(
  context: Context,
  globalId: string,
  patiently: Patiently = (read) => read(),
): Promise<string> {
  const id = requireTransactionId(globalId);
  const sight = requireSight(context);
  const found = await patiently(
    () => findVisible(context, id, sight),
    () => context.isGone(),
  );
  if (found === null) throw notFound();
  return id;
}

async function findVisible({ deps }: Context, id: string, sight: Sight) {
  const row = await deps.paymentById(id);
  return row !== null && isWithin(sight, row) ? row : null;
}

/** GraphQL has made sure that exactly one is given; an id that is malformed names nothing. */
function readLookup(by: { [key in keyof typeof lookups]?: string | null | undefined }): Lookup {
  for (const [name, read] of Object.entries(lookups)) {
    const value = by[name as keyof typeof lookups];
    if (typeof value === 'string') return read(value);
  }
  throw callerError('BAD_USER_INPUT', 'Give exactly one way to name the payment.');
}

const lookups = {
  id: (text: string): Lookup => ({ id: readTransactionId(text) ?? '' }),
  checkoutRequestId: (checkoutRequestId: string): Lookup => ({ checkoutRequestId }),
  merchantRequestId: (merchantRequestId: string): Lookup => ({ merchantRequestId }),
  mpesaReceiptNumber: (text: string): Lookup => ({ mpesaReceiptNumber: text.trim().toUpperCase() }),
  idempotencyKey: (idempotencyKey: string): Lookup => ({ idempotencyKey }),
};
