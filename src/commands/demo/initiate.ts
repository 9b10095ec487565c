import { randomUUID } from 'node:crypto';
import { CommandError } from '../api/command-error.ts';
import type { Api } from '../api/connect.ts';

export type Money = { formatted: string };

export type Payment = {
  amount: Money;
  paidAmount: Money | null;
  mpesaReceiptNumber: string | null;
  failureReason: string | null;
  resultCode: string | null;
  resultDescription: string | null;
  canRetry: boolean;
  payerMessage: string;
};

export type WatchedPayment = { id: string; watchToken: string };

type Initiated = {
  initiateStkPush: {
    transaction: { id: string } | null;
    watchToken: string | null;
    userErrors: { message: string; path: string[] }[];
  } | null;
};

const initiateDocument = `
  mutation Initiate($input: InitiateStkPushInput!) {
    initiateStkPush(input: $input) {
      transaction { id }
      watchToken
      userErrors { message path }
    }
  }`;

/** Asks the payer for a payment. Throws a CommandError when it is refused. */
export async function initiate(
  { ask }: Pick<Api, 'ask'>,
  payer: { phoneNumber: string; amount: number },
): Promise<WatchedPayment> {
  const input = { ...payer, accountReference: 'DEMO', idempotencyKey: `demo-${randomUUID()}` };
  const { initiateStkPush } = await ask<Initiated>(initiateDocument, { input });
  const { transaction = null, watchToken = null, userErrors = [] } = initiateStkPush ?? {};
  if (transaction !== null && watchToken !== null) return { id: transaction.id, watchToken };
  const problems = userErrors.map(({ path, message }) => `  ${path.slice(1).join('.')}: ${message}`);
  throw new CommandError(`Malipo refused the request, and nobody was asked to pay:\n${problems.join('\n')}`);
}
