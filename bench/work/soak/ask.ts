import type { Pool } from 'undici';
import { globalId } from '../../support/open-payments.ts';

/** What an app asks of Malipo. Throws where the answer is an error. */
export type Ask = {
  /** Answers with the row id of a new payment of somebody who pays. */
  initiate(): Promise<string>;
  payment(rowId: string): Promise<unknown>;
  page(): Promise<unknown>;
};

const initiate = `mutation ($input: InitiateStkPushInput!) {
  initiateStkPush(input: $input) { transaction { id status } userErrors { code message } } }`;
const payment = `query ($id: ID!) { transaction(by: { id: $id }) {
  id status isFinal amount { formatted } phoneNumber mpesaReceiptNumber payerMessage timeline { sequence status message } } }`;
const page = `query { transactions(first: 20) { nodes { id status accountReference createdAt amount { formatted } } } }`;

export function createAsk(http: Pool, key: string): Ask {
  let initiated = 0;
  async function ask(query: string, variables: object): Promise<string> {
    const { statusCode, body } = await http.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables }),
    });
    const text = await body.text();
    if (statusCode !== 200 || text.includes('"errors"')) throw new Error(`${statusCode} ${text}`);
    return text;
  }
  return {
    async initiate() {
      initiated += 1;
      const input = {
        phoneNumber: `2547${String(10_000_000 + (initiated % 80_000_000))}`,
        amount: 10,
        accountReference: `SOAK-${initiated % 1_000}`,
        idempotencyKey: `soak-${process.pid}-${initiated}`,
      };
      const text = await ask(initiate, { input });
      const id = /"transaction":\{"id":"([^"]+)"/.exec(text)?.[1];
      if (id === undefined) throw new Error(`No payment was made: ${text}`);
      return Buffer.from(id, 'base64').toString().replace('Transaction:', '');
    },
    payment: (rowId) => ask(payment, { id: globalId(rowId) }),
    page: () => ask(page, {}),
  };
}
