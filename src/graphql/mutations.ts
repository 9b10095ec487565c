import { makeWatchToken } from '../access/watch-token.ts';
import { within } from '../lib/within.ts';
import { requestPayment, type RequestedPayment } from '../transactions/request-payment.ts';
import { builder } from './builder.ts';
import { requireScope } from './authorize.ts';
import type { Context } from './context.ts';
import { readTransactionId } from './global-ids.ts';
import { isOfRowAlone, Transaction } from './transaction-type.ts';
import { refusal, UserError, type UserErrorShape } from './user-errors.ts';
import { watchTokenFields, type MakeWatchToken } from './watch-token-fields.ts';

/** How long the answer waits for Daraja's; the push goes on whatever happens. */
const answerWaitMs = 8_000;

type InitiateStkPushPayload = {
  transactionId: string | null;
  token: MakeWatchToken | null;
  replayed: boolean;
  userErrors: UserErrorShape[];
};

const InitiateStkPushInput = builder.inputType('InitiateStkPushInput', {
  description: 'A payment to ask for.',
  fields: (t) => ({
    phoneNumber: t.string({
      required: true,
      description: 'Payer’s Safaricom number: 07…, 01…, 7…, 254…, +254…; spaces and dashes allowed.',
    }),
    amount: t.int({ required: true, description: 'Whole Kenyan shillings, 1 to 250,000.' }),
    accountReference: t.string({
      required: true,
      description: 'Shown to the payer in the prompt. 1 to 12 characters.',
    }),
    description: t.string({ description: 'At most 13 characters. Default: the account reference.' }),
    idempotencyKey: t.string({
      required: true,
      description: 'Your own key for this payment, 1 to 255 characters, unique for ever per API client.',
    }),
    metadata: t.field({
      type: 'JSONObject',
      description: 'Up to 4 KB of your own JSON; comes back as equal JSON.',
    }),
  }),
});

const InitiateStkPushPayload = builder.objectRef<InitiateStkPushPayload>('InitiateStkPushPayload').implement({
  description: 'What became of a request for payment.',
  fields: (t) => ({
    transaction: t.prismaField({
      type: Transaction,
      nullable: true,
      description:
        'Null only if the request was refused before a transaction existed; then `userErrors` says why.',
      resolve: (query, { transactionId: id }, _args, { deps }) => {
        if (id === null) return null;
        return isOfRowAlone(query)
          ? deps.paymentById(id)
          : deps.prisma.transaction.findUnique({ ...query, where: { id } });
      },
    }),
    ...watchTokenFields(t),
    replayed: t.exposeBoolean('replayed', {
      description: 'True if this answer repeats an earlier request with the same idempotency key.',
    }),
    userErrors: t.expose('userErrors', {
      type: [UserError],
      description: 'Empty exactly when there is a transaction.',
    }),
  }),
});

type CreateWatchTokenPayload = { token: MakeWatchToken | null; userErrors: UserErrorShape[] };

const CreateWatchTokenPayload = builder
  .objectRef<CreateWatchTokenPayload>('CreateWatchTokenPayload')
  .implement({
    description: 'A new watch token.',
    fields: (t) => ({
      ...watchTokenFields(t),
      userErrors: t.expose('userErrors', { type: [UserError], description: 'Why there is none.' }),
    }),
  });

builder.mutationType({
  description: 'What can be done.',
  fields: (t) => ({
    initiateStkPush: t.field({
      type: InitiateStkPushPayload,
      nullable: true,
      description:
        'Sends an M-Pesa payment prompt to the payer’s phone. Answers when M-Pesa has taken or refused the request, after 8 s at the latest with the state so far. Repeat it with the same key as often as you like: one key is one prompt.',
      args: { input: t.arg({ type: InitiateStkPushInput, required: true, description: 'What to ask for.' }) },
      resolve: async (_root, { input }, context) => {
        const { clientId } = requireScope(context, 'payments:initiate');
        const { deps, requestId } = context;
        const requested = await requestPayment(deps.requestPayment, clientId, input, requestId);
        return payloadOf(context, requested);
      },
    }),
    createWatchToken: t.field({
      type: CreateWatchTokenPayload,
      nullable: true,
      description: 'Another watch token for a transaction of yours.',
      args: { transactionId: t.arg.id({ required: true, description: 'Which.' }) },
      resolve: async (_root, { transactionId }, context) => {
        const { clientId } = requireScope(context, 'payments:initiate');
        const id = readTransactionId(transactionId);
        const found =
          id &&
          (await context.deps.prisma.transaction.findFirst({
            where: { id, clientId },
            select: { id: true },
          }));
        if (!found) {
          return {
            token: null,
            userErrors: [refusal('NOT_FOUND', 'There is no such transaction.', ['transactionId'])],
          };
        }
        return { token: watchTokenFor(context, found.id), userErrors: [] };
      },
    }),
  }),
});

async function payloadOf(context: Context, requested: RequestedPayment): Promise<InitiateStkPushPayload> {
  switch (requested.outcome) {
    case 'refused':
      return refused(
        requested.problems.map(({ code, message, field }) => refusal(code, message, ['input', field])),
      );
    case 'not-now': {
      const { code, message, field, retryAfterSeconds } = requested.refusal;
      const path = field === null ? ['input'] : ['input', field];
      return refused([{ code, message, path, retryable: true, retryAfterSeconds }]);
    }
    case 'key-reused':
      return refused([
        refusal(
          'IDEMPOTENCY_KEY_REUSED',
          'This key belongs to another request: use a new key for a new payment.',
          ['input', 'idempotencyKey'],
        ),
      ]);
    case 'replayed':
      return payload(context, requested.transactionId, true);
    case 'requested':
      await answeredOrLate(requested.answered);
      return payload(context, requested.transactionId, false);
  }
}

function refused(userErrors: UserErrorShape[]): InitiateStkPushPayload {
  return { transactionId: null, token: null, replayed: false, userErrors };
}

function payload(context: Context, transactionId: string, replayed: boolean): InitiateStkPushPayload {
  return { transactionId, token: watchTokenFor(context, transactionId), replayed, userErrors: [] };
}

/** A push that fails inside is logged where it is kept; its payment is answered with as it stands. */
async function answeredOrLate(answered: Promise<void>): Promise<void> {
  await within(answered, answerWaitMs).catch(() => undefined);
}

/** Made when one of its fields is asked for, once for both. */
function watchTokenFor({ deps }: Context, transactionId: string): MakeWatchToken {
  const now = deps.clock.now();
  let made: ReturnType<MakeWatchToken> | null = null;
  return () => (made ??= makeWatchToken(deps.watchTokenKey, transactionId, now));
}
