import { CommandError } from './command-error.ts';

export type Environment = 'SIMULATOR' | 'SANDBOX' | 'PRODUCTION';

/** A running Malipo that takes our key. */
export type Api = {
  /** Without a slash at the end. */
  url: string;
  version: string;
  environment: Environment;
  /** Throws a CommandError for whatever is no data without errors. */
  ask: <Data>(query: string, variables?: object) => Promise<Data>;
};

export type ConnectOptions = {
  /** As people type it, such as `npm run demo`. */
  command: string;
  url: string;
  findKey: () => string;
};

type Answer<T> = { data?: T | null; errors?: { message: string; extensions?: { code?: string } }[] };

/** Throws a CommandError when no Malipo answers there, or when it does not take the key. */
export async function connect({ command, url: givenUrl, findKey }: ConnectOptions): Promise<Api> {
  const url = givenUrl.replace(/\/+$/, '');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new CommandError(`--url must be an address such as http://127.0.0.1:4000, not ${givenUrl}.`);
  }
  await assertMalipo(command, url);
  const key = findKey();
  const ask = <Data>(query: string, variables: object = {}): Promise<Data> =>
    askOnce<Data>({ command, url, key }, query, variables);
  type About = { server: { version: string; environment: Environment } };
  const { server } = await ask<About>('{ server { version environment } }');
  return { url, ...server, ask };
}

/** Before a key is looked for: without a server there is none. */
async function assertMalipo(command: string, url: string): Promise<void> {
  const response = await send(command, `${url}/health/live`, {});
  await response.body?.cancel();
  if (!response.ok) {
    throw new CommandError(`What answers at ${url} is no Malipo: GET /health/live gave ${response.status}.`);
  }
}

async function askOnce<T>(
  { command, url, key }: { command: string; url: string; key: string },
  query: string,
  variables: object,
): Promise<T> {
  const response = await send(command, `${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  if (response.status === 401) {
    throw new CommandError(
      `${url} refused the key.
The development key in DATA_DIR opens only the server that runs with that DATA_DIR and has no BOOTSTRAP_API_KEY.
Give another: ${command} -- --key mlp_…, or set MALIPO_KEY.`,
    );
  }
  const { data, errors = [] } = await readAnswer<T>(response);
  if (data && errors.length === 0) return data;
  throw new CommandError(
    `Malipo answered: ${errors.map(({ message }) => message).join(' ') || response.status}`,
  );
}

async function readAnswer<T>(response: Response): Promise<Answer<T>> {
  try {
    return (await response.json()) as Answer<T>;
  } catch {
    throw new CommandError(`${response.url} answered ${response.status} with something that is no JSON.`);
  }
}

/** Longer than the server takes to answer a request for payment (8 s), in milliseconds. */
const patienceMs = 15_000;

async function send(command: string, address: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address, { ...request, signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    throw new CommandError(
      `No Malipo answers at ${new URL(address).origin} (${reasonOf(error)}).
Start it in another terminal: npm start. If it runs elsewhere: ${command} -- --url http://…`,
    );
  }
}

/** `fetch` says "fetch failed" and keeps the reason in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
