import { maySeePhoneNumber } from '../access/viewer.ts';
import { maskPhoneNumber } from '../lib/masked.ts';
import { canRetry, payerMessage, promptExpiresAt, retryAfter } from '../transactions/advice.ts';
import { isFinal } from '../transactions/decide/status.ts';
import type { JsonObject } from '../transactions/request-rules.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import {
  AttentionReason,
  Environment,
  Evidence,
  FailureReason,
  Language,
  TransactionKind,
  TransactionStatus,
} from './enums.ts';
import { makeTransactionId } from './global-ids.ts';
import { Money } from './money.ts';

const TransactionEvent = builder.prismaObject('TransactionEvent', {
  description: 'One change of a payment.',
  fields: (t) => ({
    sequence: t.exposeInt('sequence', { description: 'Its place: 1, 2, 3, without gaps.' }),
    status: t.expose('status', { type: TransactionStatus, description: 'The status since then.' }),
    evidence: t.expose('source', { type: Evidence, description: 'Who said what caused it.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When.' }),
    resultCode: t.exposeString('resultCode', { nullable: true, description: 'M-Pesa’s code, verbatim.' }),
    message: t.exposeString('message', { description: 'What happened, in a sentence.' }),
  }),
});

/** Whoever holds a watch token sees the payment, and not what its client and M-Pesa keep between themselves. */
const hiddenFromWatchers = <T>(value: T, { viewer }: Context): T | null =>
  viewer.kind === 'watcher' ? null : value;

export const Transaction = builder.prismaObject('Transaction', {
  description: 'A payment that was asked for.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    // Not by `prismaNode`, whose id is a promise for each of a list's items.
    id: t.id({
      description: 'Opaque; sorts by nothing. Keep it with your order.',
      resolve: ({ id }) => makeTransactionId(id),
    }),
    kind: t.expose('kind', { type: TransactionKind, description: 'By which way the money moves.' }),
    environment: t.field({
      type: Environment,
      description: 'With whom it was made: only PRODUCTION moves money.',
      resolve: (_payment, _args, { deps }) => deps.environment,
    }),
    status: t.expose('status', { type: TransactionStatus, description: 'Where it stands.' }),
    sequence: t.exposeInt('sequence', {
      description: 'How many changes it has had: give it to `afterSequence` to resume.',
    }),
    isFinal: t.boolean({
      description: 'No further change is expected. Proof of payment may still come after a failure.',
      resolve: ({ status }) => isFinal(status),
    }),
    amount: t.field({
      type: Money,
      description: 'What was asked for.',
      resolve: ({ amountCents, currency }) => ({ amountCents, currency }),
    }),
    paidAmount: t.field({
      type: Money,
      nullable: true,
      description: 'What M-Pesa says was paid; null until it has said so.',
      resolve: ({ paidAmountCents, currency }) =>
        paidAmountCents === null ? null : { amountCents: paidAmountCents, currency },
    }),
    phoneNumber: t.string({
      nullable: true,
      description: 'The payer, `2547…`; masked (`2547*****678`) unless you may see it whole.',
      resolve: (payment, _args, { viewer }) =>
        payment.phoneNumber === null || maySeePhoneNumber(viewer, payment)
          ? payment.phoneNumber
          : maskPhoneNumber(payment.phoneNumber),
    }),
    accountReference: t.exposeString('accountReference', {
      nullable: true,
      description: 'As shown to the payer.',
    }),
    description: t.exposeString('description', { nullable: true, description: 'As given to M-Pesa.' }),
    merchantRequestId: t.string({
      nullable: true,
      description: 'M-Pesa’s id of the request; null through a watch token.',
      resolve: ({ merchantRequestId }, _args, context) => hiddenFromWatchers(merchantRequestId, context),
    }),
    checkoutRequestId: t.string({
      nullable: true,
      description:
        'M-Pesa’s id of the prompt. Ends in the payer’s number: personal data. Null through a watch token.',
      resolve: ({ checkoutRequestId }, _args, context) => hiddenFromWatchers(checkoutRequestId, context),
    }),
    mpesaReceiptNumber: t.exposeString('mpesaReceiptNumber', {
      nullable: true,
      description: 'Null until a callback brings it: a status query proves payment without one.',
    }),
    resultCode: t.exposeString('resultCode', {
      nullable: true,
      description: 'M-Pesa’s code, verbatim: `0` is paid.',
    }),
    resultDescription: t.exposeString('resultDescription', {
      nullable: true,
      description: 'What M-Pesa said, or why no prompt went out. For developers; payers get `payerMessage`.',
    }),
    failureReason: t.expose('failureReason', {
      type: FailureReason,
      nullable: true,
      description: 'Why it was not paid; null while open and when paid.',
    }),
    canRetry: t.boolean({
      description: 'A new payment with a new idempotency key may be offered, not before `retryAfter`.',
      resolve: canRetry,
    }),
    retryAfter: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'Before this time M-Pesa would refuse another prompt; null when there is nothing to wait for.',
      resolve: (payment, _args, { deps }) => retryAfter(payment, deps.coolDowns),
    }),
    promptExpiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the prompt on the phone lapses; null unless the payer is awaited.',
      resolve: promptExpiresAt,
    }),
    payerMessage: t.string({
      description: 'For the payer: what happened and what to do now.',
      args: {
        language: t.arg({ type: Language, required: true, defaultValue: 'EN', description: 'Of the text.' }),
      },
      resolve: (payment, { language }, { deps }) => payerMessage(payment, language, deps.coolDowns),
    }),
    attention: t.expose('attention', {
      type: [AttentionReason],
      description: 'Why a person should look at it; empty when nobody needs to.',
    }),
    idempotencyKey: t.string({
      nullable: true,
      description: 'Your own key; null through a watch token.',
      resolve: ({ idempotencyKey }, _args, context) => hiddenFromWatchers(idempotencyKey, context),
    }),
    metadata: t.field({
      type: 'JSONObject',
      nullable: true,
      description: 'Your own JSON; null through a watch token.',
      resolve: ({ metadata }, _args, context) => hiddenFromWatchers(metadata as JsonObject | null, context),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When anything of it last changed.' }),
    acceptedAt: t.expose('acceptedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When M-Pesa took the request.',
    }),
    settledAt: t.expose('settledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it became final.',
    }),
    paidAt: t.expose('paidAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was paid, by M-Pesa’s clock.',
    }),
    timeline: t.field({
      type: [TransactionEvent],
      nullable: true,
      select: { events: { orderBy: { sequence: 'asc' } } },
      description: 'Every change, in order; null through a watch token.',
      resolve: ({ events }, _args, context) => hiddenFromWatchers(events, context),
    }),
  }),
});

/** Whether the fields that were asked for are all in the payment's own row. */
export function isOfRowAlone(query: { include?: object | undefined; select?: object | undefined }): boolean {
  return query.include === undefined && query.select === undefined;
}
