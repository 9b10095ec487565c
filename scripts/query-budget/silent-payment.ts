export type Server = { url: string; key: string };
export type SilentPayment = { id: string; checkoutRequestId: string };

/** The payer of the simulator of whom nothing is ever heard: no callback comes, and every query says 4999. */
const silentPayer = '254700000029';

const initiate = `mutation ($input: InitiateStkPushInput!) {
  initiateStkPush(input: $input) { transaction { id checkoutRequestId } } }`;
const watch = 'subscription ($id: ID!) { paymentStatus(transactionId: $id) { status } }';

export async function askForSilentPayment(server: Server, idempotencyKey: string): Promise<SilentPayment> {
  const input = { phoneNumber: silentPayer, amount: 10, accountReference: 'SILENT', idempotencyKey };
  const response = await post(server, 'application/json', initiate, { input });
  const { data } = (await response.json()) as {
    data: { initiateStkPush: { transaction: SilentPayment | null } | null } | null;
  };
  const payment = data?.initiateStkPush?.transaction;
  if (!payment) throw new Error('A payment could not be asked for');
  return payment;
}

/** Watches the payment until `signal` aborts. */
export async function watchPayment(
  server: Server,
  { id }: SilentPayment,
  signal: AbortSignal,
): Promise<void> {
  const response = await post(server, 'text/event-stream', watch, { id }, signal);
  response.body?.pipeTo(new WritableStream(), { signal }).catch(() => undefined);
}

function post(
  { url, key }: Server,
  accept: string,
  query: string,
  variables: object,
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept },
    body: JSON.stringify({ query, variables }),
    ...(signal ? { signal } : {}),
  });
}
