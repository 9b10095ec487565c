import type { Target } from './target.ts';

export type AskedPayment = { id: string; watchToken: string; checkoutRequestId: string };

let asked = 0;

/** Asks for a payment of a payer who does nothing until somebody decides for him. */
export async function askForPayment({ http, key }: Pick<Target, 'http' | 'key'>): Promise<AskedPayment> {
  asked += 1;
  const answer = await http.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({
      query:
        'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { transaction { id checkoutRequestId } watchToken } }',
      variables: {
        input: {
          phoneNumber: '254700000028',
          amount: 10,
          accountReference: 'ATTACK',
          idempotencyKey: `attacked-${process.pid}-${asked}`,
        },
      },
    }),
  });
  const { data } = (await answer.body.json()) as {
    data: { initiateStkPush: { transaction: { id: string; checkoutRequestId: string }; watchToken: string } };
  };
  const { transaction, watchToken } = data.initiateStkPush;
  return { ...transaction, watchToken };
}
