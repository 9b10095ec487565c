import type { HttpPost } from '../../support/load/write-requests.ts';
import { benchClient } from '../../support/seed/seed-client.ts';
import { globalId, seededPayment } from '../../support/seed/seeded-payment.ts';

const byId = `query Payment($id: ID!) {
  transaction(by: { id: $id }) {
    id status sequence isFinal amount { amountMinor currency formatted } phoneNumber accountReference
    mpesaReceiptNumber checkoutRequestId createdAt settledAt failureReason
  }
}`;

const list = `query Payments {
  transactions(first: 20) {
    nodes { id status isFinal amount { formatted } phoneNumber accountReference mpesaReceiptNumber createdAt }
    pageInfo { endCursor hasNextPage }
  }
}`;

/** Asks for payments by id, one after another far away. */
export function* asksById(rows: number, count: number): Generator<HttpPost> {
  for (let ask = 0; ask < count; ask += 1) {
    const { id } = seededPayment((ask * 611_953) % rows);
    yield post({ query: byId, operationName: 'Payment', variables: { id: globalId(id) } });
  }
}

/** Asks for the newest 20. */
export function* asksForList(): Generator<HttpPost> {
  yield post({ query: list, operationName: 'Payments' });
}

export function post(request: object): HttpPost {
  const headers = { authorization: `Bearer ${benchClient.key}`, accept: 'application/json' };
  return { path: '/graphql', body: JSON.stringify(request), headers };
}
