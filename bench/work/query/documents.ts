import { makeCursor } from '../../../src/graphql/global-ids.ts';
import type { HttpPost } from '../../support/load/write-requests.ts';
import { benchClient } from '../../support/seed/seed-client.ts';
import { globalId, seededPayment } from '../../support/seed/seeded-payment.ts';

const byId = `query Payment($id: ID!) {
  transaction(by: { id: $id }) {
    id status sequence isFinal amount { amountMinor currency formatted } phoneNumber accountReference
    mpesaReceiptNumber checkoutRequestId createdAt settledAt failureReason
  }
}`;

const page = `{
    nodes { id status isFinal amount { formatted } phoneNumber accountReference mpesaReceiptNumber createdAt }
    pageInfo { endCursor hasNextPage }
  }`;

const list = `query Payments {
  transactions(first: 20) ${page}
}`;

const listAfter = `query PaymentsAfter($after: String!) {
  transactions(first: 20, after: $after) ${page}
}`;

/** Asks for payments by id, one after another far away. */
export function* asksById(rows: number, count: number): Generator<HttpPost> {
  for (const id of idsFarApart(rows, count)) {
    yield post({ query: byId, operationName: 'Payment', variables: { id: globalId(id) } });
  }
}

/** All but the very first, before which there is no page. */
function* idsFarApart(rows: number, count: number): Generator<string> {
  for (let ask = 0; ask < count; ask += 1) yield seededPayment(1 + ((ask * 611_953) % (rows - 1))).id;
}

/** Asks for 20 payments, each time for others. */
export function* asksForPages(rows: number, count: number): Generator<HttpPost> {
  for (const id of idsFarApart(rows, count)) {
    yield post({ query: listAfter, operationName: 'PaymentsAfter', variables: { after: makeCursor(id) } });
  }
}

/** Asks for the newest 20: always the same. */
export function* asksForList(): Generator<HttpPost> {
  yield post({ query: list, operationName: 'Payments' });
}

export function post(request: object): HttpPost {
  const headers = { authorization: `Bearer ${benchClient.key}`, accept: 'application/json' };
  return { path: '/graphql', body: JSON.stringify(request), headers };
}
