import { randomUUID } from 'node:crypto';
import { DemoError } from './demo-error.ts';

export type Environment = 'SIMULATOR' | 'SANDBOX' | 'PRODUCTION';

export type Money = { formatted: string };

export type Payment = {
  amount: Money;
  paidAmount: Money | null;
  mpesaReceiptNumber: string | null;
  failureReason: string | null;
  resultCode: string | null;
  resultDescription: string | null;
  canRetry: boolean;
  payerMessage: string;
};

export type WatchedPayment = { id: string; watchToken: string };

/** A running Malipo that takes our key. */
export type Server = {
  /** Without a slash at the end. */
  url: string;
  version: string;
  environment: Environment;
  initiate(payer: { phoneNumber: string; amount: number }): Promise<WatchedPayment>;
};

type Answer<T> = { data?: T | null; errors?: { message: string; extensions?: { code?: string } }[] };

type Initiated = {
  initiateStkPush: {
    transaction: { id: string } | null;
    watchToken: string | null;
    userErrors: { message: string; path: string[] }[];
  } | null;
};

const initiateDocument = `
  mutation Initiate($input: InitiateStkPushInput!) {
    initiateStkPush(input: $input) {
      transaction { id }
      watchToken
      userErrors { message path }
    }
  }`;

/** Throws a DemoError when no Malipo answers there, or when it does not take the key. */
export async function connect(givenUrl: string, findKey: () => string): Promise<Server> {
  const url = givenUrl.replace(/\/+$/, '');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new DemoError(`--url must be an address such as http://127.0.0.1:4000, not ${givenUrl}.`);
  }
  await assertMalipo(url);
  const key = findKey();
  type About = { server: { version: string; environment: Environment } };
  const { server } = await ask<About>(url, key, '{ server { version environment } }');
  return { url, ...server, initiate: (payer) => initiate(url, key, payer) };
}

/** Before a key is looked for: without a server there is none. */
async function assertMalipo(url: string): Promise<void> {
  const response = await send(`${url}/health/live`, {});
  await response.body?.cancel();
  if (!response.ok) {
    throw new DemoError(`What answers at ${url} is no Malipo: GET /health/live gave ${response.status}.`);
  }
}

async function initiate(
  url: string,
  key: string,
  payer: { phoneNumber: string; amount: number },
): Promise<WatchedPayment> {
  const input = { ...payer, accountReference: 'DEMO', idempotencyKey: `demo-${randomUUID()}` };
  const { initiateStkPush } = await ask<Initiated>(url, key, initiateDocument, { input });
  const { transaction = null, watchToken = null, userErrors = [] } = initiateStkPush ?? {};
  if (transaction !== null && watchToken !== null) return { id: transaction.id, watchToken };
  const problems = userErrors.map(({ path, message }) => `  ${path.slice(1).join('.')}: ${message}`);
  throw new DemoError(`Malipo refused the request, and nobody was asked to pay:\n${problems.join('\n')}`);
}

async function ask<T>(url: string, key: string, query: string, variables: object = {}): Promise<T> {
  const response = await send(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  if (response.status === 401) {
    throw new DemoError(
      `${url} refused the key.
The development key in DATA_DIR opens only the server that runs with that DATA_DIR and has no BOOTSTRAP_API_KEY.
Give another: npm run demo -- --key mlp_…, or set MALIPO_KEY.`,
    );
  }
  const { data, errors = [] } = await readAnswer<T>(response);
  if (data && errors.length === 0) return data;
  throw new DemoError(
    `Malipo answered: ${errors.map(({ message }) => message).join(' ') || response.status}`,
  );
}

async function readAnswer<T>(response: Response): Promise<Answer<T>> {
  try {
    return (await response.json()) as Answer<T>;
  } catch {
    throw new DemoError(`${response.url} answered ${response.status} with something that is no JSON.`);
  }
}

/** Longer than the server takes to answer a request for payment (8 s), in milliseconds. */
const patienceMs = 15_000;

async function send(address: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address, { ...request, signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    throw new DemoError(
      `No Malipo answers at ${new URL(address).origin} (${reasonOf(error)}).
Start it in another terminal: npm start. If it runs elsewhere: npm run demo -- --url http://…`,
    );
  }
}

/** `fetch` says "fetch failed" and keeps the reason in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
