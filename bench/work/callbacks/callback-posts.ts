import { makeCallbackToken } from '../../../src/callbacks/callback-token.ts';
import { deriveKey } from '../../../src/config/kept-secret.ts';
import { Masked } from '../../../src/lib/masked.ts';
import type { HttpPost } from '../../support/load/write-requests.ts';
import { seededPayment, type SeededPayment } from '../../support/seed/seeded-payment.ts';
import type { Numbers } from '../../support/seed/seed-payments.ts';
import { malipoSecret } from '../../support/servers/start-malipo.ts';

/** To the address that Malipo gave M-Pesa for each payment: genuine and distinct. */
export function* postsToMalipo(numbers: Numbers): Generator<HttpPost> {
  const key = deriveKey(new Masked(malipoSecret), 'callback-token');
  for (const payment of payments(numbers)) {
    const token = makeCallbackToken(key, { transactionId: payment.id, attempt: 1 });
    yield { path: `/cb/${token}`, body: bodyOf(payment) };
  }
}

/** The same bodies, to the one address that the classic handler has. */
export function* postsToPeer(numbers: Numbers): Generator<HttpPost> {
  for (const payment of payments(numbers)) yield { path: '/callback', body: bodyOf(payment) };
}

function* payments({ from, count }: Numbers): Generator<SeededPayment> {
  for (let number = from; number < from + count; number += 1) yield seededPayment(number);
}

/** As M-Pesa writes it. */
function bodyOf(payment: SeededPayment): string {
  return (
    `{"Body":{"stkCallback":{"MerchantRequestID":"${payment.merchantRequestId}",` +
    `"CheckoutRequestID":"${payment.checkoutRequestId}","ResultCode":0,` +
    `"ResultDesc":"The service request is processed successfully.","CallbackMetadata":{"Item":[` +
    `{"Name":"Amount","Value":${payment.amountShillings}.00},` +
    `{"Name":"MpesaReceiptNumber","Value":"${payment.receipt}"},` +
    `{"Name":"TransactionDate","Value":20261128032910},` +
    `{"Name":"PhoneNumber","Value":${payment.phoneNumber}}]}}}}`
  );
}
