import type { HttpPost } from '../../support/load/write-requests.ts';
import type { Numbers } from '../../support/seed/seed-payments.ts';
import { post } from '../query/documents.ts';

const mutation = `mutation Ask($input: InitiateStkPushInput!) {
  initiateStkPush(input: $input) { transaction { id status checkoutRequestId } replayed }
}`;

/** Each with a key and a payer of its own. */
export function* requestsFor({ from, count }: Numbers): Generator<HttpPost> {
  for (let number = from; number < from + count; number += 1) {
    const input = {
      phoneNumber: `2547${10_000_000 + number}`,
      amount: 1 + (number % 1000),
      accountReference: `INV${number}`,
      idempotencyKey: `initiate-${number}`,
    };
    yield post({ query: mutation, operationName: 'Ask', variables: { input } });
  }
}
