import { clearAttention } from '../transactions/operate/clear-attention.ts';
import type { Operator } from '../transactions/operate/operator.ts';
import { readReason, reasonLengthMax } from '../transactions/operate/operators-reason.ts';
import { recheckPayment } from '../transactions/operate/recheck-payment.ts';
import { resolvePayment } from '../transactions/operate/resolve-payment.ts';
import { requireScope } from './authorize.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { AttentionReason, ResolvedOutcome } from './enums.ts';
import { readTransactionId } from './global-ids.ts';
import { Transaction } from './transaction-type.ts';
import { refusal, UserError, type UserErrorShape } from './user-errors.ts';

type OperatorPayload = { transactionId: string | null; userErrors: UserErrorShape[] };

const idDescription = 'Which payment, of any client.';

builder.mutationFields((t) => ({
  resolveTransaction: t.field({
    type: operatorPayload('ResolveTransactionPayload', 'How a payment stands that a person resolved.'),
    nullable: true,
    description:
      'Settles an open payment by what M-Pesa’s statement says, where M-Pesa itself says nothing. Whatever M-Pesa says later counts for more. Needs the scope payments:manage.',
    args: {
      id: t.arg.id({ required: true, description: idDescription }),
      outcome: t.arg({ type: ResolvedOutcome, required: true, description: 'How it ended.' }),
      reason: t.arg.string({
        required: true,
        description: `How you know, 1 to ${String(reasonLengthMax)} characters. The client of the payment reads it in the timeline.`,
      }),
    },
    resolve: (_root, { id, outcome, reason: text }, context) =>
      operate(context, id, async (operator, transactionId) => {
        const reason = readReason(text);
        if (reason === null) return [invalidReason()];
        const resolution = { outcome, reason };
        const resolved = await resolvePayment(
          context.deps.requestPayment,
          operator,
          transactionId,
          resolution,
        );
        return resolved.outcome === 'resolved' ? [] : [refusal('ALREADY_FINAL', resolved.message, ['id'])];
      }),
  }),
  recheckTransaction: t.field({
    type: operatorPayload('RecheckTransactionPayload', 'A payment that M-Pesa will be asked about.'),
    nullable: true,
    description:
      'Has M-Pesa asked about a payment, final or not, as soon as the budget of queries allows. What comes of it shows in the payment. Needs the scope payments:manage.',
    args: { id: t.arg.id({ required: true, description: idDescription }) },
    resolve: (_root, { id }, context) =>
      operate(context, id, async (_operator, transactionId) =>
        (await recheckPayment(context.deps, transactionId)) ? [] : [cannotBeAsked()],
      ),
  }),
  clearAttention: t.field({
    type: operatorPayload('ClearAttentionPayload', 'A payment that a person has looked at.'),
    nullable: true,
    description:
      'Takes these reasons for attention from a payment, and no others. What contradicts it later raises them again. Needs the scope payments:manage.',
    args: {
      id: t.arg.id({ required: true, description: idDescription }),
      reasons: t.arg({
        type: [AttentionReason],
        required: true,
        description: 'What is done with; one that is not raised changes nothing.',
      }),
      reason: t.arg.string({
        required: true,
        description: `What you found, 1 to ${String(reasonLengthMax)} characters, kept with your client’s name.`,
      }),
    },
    resolve: (_root, { id, reasons, reason: text }, context) =>
      operate(context, id, async (operator, transactionId) => {
        const reason = readReason(text);
        if (reason === null) return [invalidReason()];
        await clearAttention(context.deps.requestPayment, operator, transactionId, { reasons, reason });
        return [];
      }),
  }),
}));

function operatorPayload(name: string, description: string) {
  return builder.objectRef<OperatorPayload>(name).implement({
    description,
    fields: (t) => ({
      transaction: t.prismaField({
        type: Transaction,
        nullable: true,
        description: 'As it stands now, whether or not anything was done; null when there is none.',
        resolve: (query, { transactionId: id }, _args, { deps }) =>
          id === null ? null : deps.prisma.transaction.findUnique({ ...query, where: { id } }),
      }),
      userErrors: t.expose('userErrors', {
        type: [UserError],
        description: 'Why nothing was done; empty when it was.',
      }),
    }),
  });
}

/** What an operator does to one payment. `work` answers with why it was refused. */
async function operate(
  context: Context,
  globalId: string,
  work: (operator: Operator, transactionId: string) => Promise<UserErrorShape[]>,
): Promise<OperatorPayload> {
  const { clientId } = requireScope(context, 'payments:manage');
  const id = readTransactionId(globalId);
  const found =
    id && (await context.deps.prisma.transaction.findUnique({ where: { id }, select: { id: true } }));
  if (!found) {
    return {
      transactionId: null,
      userErrors: [refusal('NOT_FOUND', 'There is no such transaction.', ['id'])],
    };
  }
  return { transactionId: found.id, userErrors: await work({ clientId }, found.id) };
}

function invalidReason(): UserErrorShape {
  const message = `Give a reason of 1 to ${String(reasonLengthMax)} characters that can be read.`;
  return refusal('INVALID_REASON', message, ['reason']);
}

function cannotBeAsked(): UserErrorShape {
  const message =
    'M-Pesa gave no id by which to ask about this payment: look for it on M-Pesa’s statement and resolve it.';
  return refusal('CANNOT_BE_ASKED', message, ['id']);
}
