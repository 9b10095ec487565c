import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

export type HttpRequest = {
  method: 'GET' | 'POST';
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** From the call to the last byte of the answer, the wait for a socket included. Default: the client's. */
  totalMs?: number;
};

/** `cause` is a phrase for a person ("the connection was refused"): no address, nothing personal. */
export type Exchange =
  | { outcome: 'answered'; status: number; headers: IncomingHttpHeaders; body: string }
  /** Provable: the request was never given to a socket, so no byte of it left. */
  | { outcome: 'not-sent'; timedOut: boolean; cause: string }
  /** It was given to a socket, and no complete answer came: the other side may have acted on it. */
  | { outcome: 'lost'; timedOut: boolean; cause: string };

export type HttpClient = {
  /** Sends once: no redirect is followed, nothing is retried. Never rejects. */
  send(request: HttpRequest): Promise<Exchange>;
  /** Waits for the exchanges under way. May be called twice. */
  close(): Promise<void>;
};

export type HttpTimeouts = { connectMs: number; totalMs: number };

/** Daraja's answers are under 1 KB, the firewall's pages a few KB. */
const maxAnswerBytes = 64 * 1024;

/** Bounds the sockets, not the callers: one who finds none free within the deadline has sent nothing. */
const maxSockets = 256;

/**
 * An idle socket is dropped early: a request written into one that the other side is just closing has an unknown outcome,
 * and Daraja offers no way to look up a push whose answer was lost.
 */
const idleMs = 4_000;

export function createHttpClient(baseUrl: string, timeouts: HttpTimeouts): HttpClient {
  const base = new URL(baseUrl);
  const prefix = base.pathname.replace(/\/+$/, '');
  const pool = new Pool(base.origin, poolOptions(timeouts));
  let closing: Promise<void> | null = null;
  return {
    send: ({ totalMs = timeouts.totalMs, ...request }) => {
      const attempt = new Attempt(totalMs);
      pool.dispatch(dispatchOptions(prefix, request), attempt);
      return attempt.result;
    },
    close: () => (closing ??= pool.close()),
  };
}

function poolOptions({ connectMs }: HttpTimeouts): Pool.Options {
  return {
    connections: maxSockets,
    pipelining: 1,
    // One request for each socket keeps "was it written?" answerable; HTTP/2 shares a socket among many.
    allowH2: false,
    connect: { timeout: connectMs, autoSelectFamilyAttemptTimeout: Math.min(connectMs, 1_000) },
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    maxResponseSize: maxAnswerBytes,
    // `Attempt` keeps one deadline over everything; undici's own would start anew with each part.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

function dispatchOptions(prefix: string, request: HttpRequest): Dispatcher.DispatchOptions {
  const headers = { accept: 'application/json', 'user-agent': 'malipo-daraja', ...request.headers };
  return { method: request.method, path: prefix + request.path, headers, body: request.body ?? null };
}

/**
 * One request on its way. undici calls `onRequestStart` when the request has a connected socket, right before its first
 * byte is written, and never before: whether that call came is the difference between "not sent" and "lost". This
 * needs no list of error codes, which could not tell a refused connection from one reset after the request was read.
 */
class Attempt implements Dispatcher.DispatchHandler {
  readonly result: Promise<Exchange>;
  readonly #settle: (exchange: Exchange) => void;
  readonly #deadlineAt: number;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #status = 0;
  #headers: IncomingHttpHeaders = {};

  constructor(totalMs: number) {
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    this.result = promise;
    this.#settle = resolve;
    this.#deadlineAt = performance.now() + totalMs;
    this.#timer = setTimeout(() => {
      this.#expire();
    }, totalMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A busy process may get here before its own timer: the clock decides, so that no byte leaves after the deadline.
    if (performance.now() >= this.#deadlineAt) this.#expire();
    // Settled: told the caller that nothing was sent. Second start: undici puts a request back when a socket closes for
    // some reasons of its own. Neither may be written.
    if (this.#settled || this.#controller) {
      controller.abort(new Error('This request must not be written.'));
      return;
    }
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks).toString('utf8');
    this.#finish({ outcome: 'answered', status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const { cause, timedOut } = explainFailure(error);
    this.#finish({ outcome: this.#failedAs(), timedOut, cause });
  }

  #expire(): void {
    const cause = 'the time allowed for it ran out';
    this.#finish({ outcome: this.#failedAs(), timedOut: true, cause });
    this.#controller?.abort(new Error(cause));
  }

  #failedAs(): 'lost' | 'not-sent' {
    return this.#controller ? 'lost' : 'not-sent';
  }

  #finish(exchange: Exchange): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#settle(exchange);
  }
}

const causes: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'the connection was refused'],
  ['ENOTFOUND', 'the host name is unknown'],
  ['EAI_AGAIN', 'the name server did not answer'],
  ['EHOSTUNREACH', 'the host is unreachable'],
  ['ENETUNREACH', 'the network is unreachable'],
  ['ECONNRESET', 'the connection was dropped'],
  ['EPIPE', 'the connection was dropped'],
  ['UND_ERR_SOCKET', 'the connection was dropped'],
  ['UND_ERR_CONNECT_TIMEOUT', 'no connection was made in time'],
  ['ETIMEDOUT', 'the connection timed out'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'the answer is larger than 64 KB'],
  ['UND_ERR_CLOSED', 'this client is closed'],
  ['UND_ERR_DESTROYED', 'this client is closed'],
]);

const timeoutCodes: ReadonlySet<string> = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);

/** The code alone: Node's messages hold addresses, and a parser's may quote what was sent. */
function explainFailure(error: Error): { cause: string; timedOut: boolean } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { cause: causes.get(code) ?? `the connection failed (${code})`, timedOut: timeoutCodes.has(code) };
}
