import type { FastifyRequest } from 'fastify';
import { isForwarded, plainAddress } from '../lib/peer.ts';

/** What each tab holds. No variables: GraphiQL leaves out those of the tab that it opens with. */
const initiate = (idempotencyKey: string) => `# 1. Ask for a payment.
# 254700000000 pays. 254700000001 has too little
# money, 254700000002 cancels: the README lists more.
mutation Initiate {
  initiateStkPush(
    input: {
      phoneNumber: "254700000000"
      amount: 10
      accountReference: "ORDER-1"
      # Another key is another payment.
      idempotencyKey: "${idempotencyKey}"
    }
  ) {
    transaction {
      id
      status
      promptExpiresAt
    }
    watchToken
    replayed
    userErrors {
      code
      message
      path
    }
  }
}
`;

const watch = `# 2. Watch it: put in the id that step 1 answered.
# The receipt comes within seconds.
subscription Watch {
  paymentStatus(transactionId: "paste the id here") {
    sequence
    status
    isFinal
    transaction {
      mpesaReceiptNumber
      payerMessage
    }
  }
}
`;

const list = `# 3. See them all.
query Payments {
  transactions(first: 20) {
    totalCount
    nodes {
      id
      status
      amount {
        formatted
      }
      phoneNumber
      mpesaReceiptNumber
      createdAt
    }
  }
  server {
    environment
    version
    now
  }
}
`;

/**
 * Scripts and styles stand in the page and its workers are made of text; nothing may come from, or be sent to, anywhere
 * but this server. Who may frame the page is not for a page to say, only for a header.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'font-src data:',
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const head = `<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}" />
<script>
  // GraphiQL writes the operation into the address, where a reload would run it instead of showing the page.
  history.replaceState = () => {};
</script>`;

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
  const tabs = [initiate(`graphiql-${request.id}`), watch, list];
  const page = renderGraphiQL({
    // There is a development key only with the simulator.
    title: developmentKey === null ? 'Malipo' : 'Malipo: simulator, no money moves',
    endpoint: '/graphql',
    defaultTabs: tabs.map((query) => ({ query, headers })),
    headers,
    shouldPersistHeaders: false,
    subscriptionsProtocol: 'SSE',
    credentials: 'omit',
  });
  return page.replace('<head>', () => `<head>\n${head}`);
}

/** Peer and Host are this machine, and no proxy stands between. */
function isLocal({ headers, socket }: FastifyRequest): boolean {
  const peer = plainAddress(socket.remoteAddress ?? '');
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  return (
    !isForwarded(headers) &&
    (peer === '::1' || peer.startsWith('127.')) &&
    ['localhost', '127.0.0.1', '[::1]'].includes(host)
  );
}
