import { builder } from './builder.ts';
import { CurrencyCode } from './enums.ts';

export type MoneyShape = { amountCents: number; currency: 'KES' };

export const Money = builder.objectRef<MoneyShape>('Money').implement({
  description: 'A sum of money. One payment is at most 25,000,000 cents.',
  fields: (t) => ({
    amountMinor: t.exposeInt('amountCents', { description: 'In cents: KES 15.00 is 1500.' }),
    currency: t.expose('currency', { type: CurrencyCode, description: 'The currency.' }),
    formatted: t.string({
      description: '`KES 1,500.00`, the same for every caller.',
      resolve: ({ amountCents, currency }) => `${currency} ${shillings.format(amountCents / 100)}`,
    }),
  }),
});

const shillings = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
