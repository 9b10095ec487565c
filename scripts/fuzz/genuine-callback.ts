import { makeCallbackToken } from '../../src/callbacks/callback-token.ts';
import { deriveKey } from '../../src/config/kept-secret.ts';
import { Masked } from '../../src/lib/masked.ts';
import type { AskedPayment } from './ask-for-payment.ts';
import type { Genuine } from './forge-callbacks.ts';

/** Where M-Pesa would post the result of a payment, as the server that has this secret told it. */
export function genuineCallback(secret: string, { id, checkoutRequestId }: AskedPayment): Genuine {
  const key = deriveKey(new Masked(secret), 'callback-token');
  const transactionId = Buffer.from(id, 'base64').toString().replace('Transaction:', '');
  return { path: `/cb/${makeCallbackToken(key, { transactionId, attempt: 1 })}`, checkoutRequestId };
}
