import type { FastifyRequest } from 'fastify';

const initiate = `# 1. Ask for a payment. 254700000000 always pays; npm run simulator -- --help lists other numbers.
mutation Initiate($key: String!) {
  initiateStkPush(
    input: { phoneNumber: "254700000000", amount: 10, accountReference: "ORDER-1", idempotencyKey: $key }
  ) {
    transaction { id status promptExpiresAt }
    watchToken
    replayed
    userErrors { code message path }
  }
}
`;

const watch = `# 2. Watch it. Paste the id that step 1 answered into the variables; the receipt comes within seconds.
subscription Watch($id: ID!) {
  paymentStatus(transactionId: $id) {
    sequence
    status
    isFinal
    transaction { mpesaReceiptNumber payerMessage }
  }
}
`;

const list = `# 3. See them all.
{
  transactions(first: 20) {
    totalCount
    nodes { id status amount { formatted } phoneNumber mpesaReceiptNumber createdAt }
  }
  server { environment version now }
}
`;

/**
 * The page for trying the API, with its scripts within it: nothing is loaded from anywhere else. The development key
 * is filled in only for a browser on this very machine, because people tunnel development servers.
 */
export async function renderGraphiqlPage(
  request: FastifyRequest,
  developmentKey: string | null,
): Promise<string> {
  // 9 MB of text that a server which nobody looks at never reads.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const key = developmentKey !== null && isLocal(request) ? developmentKey : 'mlp_your_key';
  const headers = JSON.stringify({ authorization: `Bearer ${key}` }, null, 2);
  const tabs = [
    { query: initiate, variables: JSON.stringify({ key: `graphiql-${request.id}` }, null, 2) },
    { query: watch, variables: JSON.stringify({ id: 'paste the id here' }, null, 2) },
    { query: list },
  ];
  return renderGraphiQL({
    title: 'Malipo',
    endpoint: '/graphql',
    defaultTabs: tabs.map((tab) => ({ ...tab, headers })),
    headers,
    shouldPersistHeaders: false,
    subscriptionsProtocol: 'SSE',
    credentials: 'omit',
  });
}

/** Peer and Host are this machine, and no proxy stands between. */
function isLocal({ headers, socket }: FastifyRequest): boolean {
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'].some(
    (name) => headers[name],
  );
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  return (
    !isForwarded &&
    (peer === '::1' || peer.startsWith('127.')) &&
    ['localhost', '127.0.0.1', '[::1]'].includes(host)
  );
}
