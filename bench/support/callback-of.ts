import { makeCallbackToken } from '../../src/callbacks/callback-token.ts';
import { deriveKey } from '../../src/config/kept-secret.ts';
import { Masked } from '../../src/lib/masked.ts';
import { seededId } from './open-payments.ts';

export type CallbackPost = { path: string; body: string };

/** What M-Pesa would post for a seeded payment that was paid. */
export function createCallbackOf(secret: string): (number: number) => CallbackPost {
  const key = deriveKey(new Masked(secret), 'callback-token');
  return (number) => ({
    path: `/cb/${makeCallbackToken(key, { transactionId: seededId(number), attempt: 1 })}`,
    body: bodyOf(number),
  });
}

function bodyOf(number: number): string {
  const phoneNumber = `2547${String((number * 7919) % 100_000_000).padStart(8, '0')}`;
  return JSON.stringify({
    Body: {
      stkCallback: {
        MerchantRequestID: `29115-${number}-1`,
        CheckoutRequestID: `ws_CO_${number}_${phoneNumber}`,
        ResultCode: 0,
        ResultDesc: 'The service request is processed successfully.',
        CallbackMetadata: {
          Item: [
            { Name: 'Amount', Value: 10 },
            { Name: 'MpesaReceiptNumber', Value: `S${number.toString(36).toUpperCase().padStart(9, '0')}` },
            { Name: 'TransactionDate', Value: 20260101071500 },
            { Name: 'PhoneNumber', Value: Number(phoneNumber) },
          ],
        },
      },
    },
  });
}
