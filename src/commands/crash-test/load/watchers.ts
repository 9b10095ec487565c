import { createClient, type Client, type FormattedExecutionResult } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { Watched } from '../proof/facts.ts';
import type { Random } from '../random.ts';
import type { Malipo } from '../servers/malipo.ts';

type PaymentStatus = { paymentStatus: { sequence: number; status: string } };

/** A watcher with what it takes to go on after a break. */
type Watcher = Watched & {
  firstSeenAt: Map<string, number>;
  variables: { id: string; afterSequence?: number };
};

export type WatchersDeps = { malipos: readonly [Malipo, ...Malipo[]]; apiKey: string; random: Random };

const plain = `
  subscription ($id: ID!, $afterSequence: Int) {
    paymentStatus(transactionId: $id, afterSequence: $afterSequence) { sequence status }
  }`;
/** Reads the payment besides, which can fail where the change alone cannot. */
const whole = `
  subscription ($id: ID!, $afterSequence: Int) {
    paymentStatus(transactionId: $id, afterSequence: $afterSequence) {
      sequence status transaction { status mpesaReceiptNumber }
    }
  }`;
const wholeShare = 0.2;

/** Before a socket that broke is opened again, and before a subscription that ended in an error is made again. */
const retryWaitMaxMs = 400;
const resumeWaitMaxMs = 2_000;
/** Malipo takes 50 operations on one socket. */
const watchersPerSocket = 40;

/** A client of one socket, and how many watch over it. */
type Line = { client: Client; watchers: number };

/**
 * Watchers, many on each socket. A socket goes to any process and, when it breaks, to any other; each watcher goes on
 * after the last change that it saw. They write down all that they are told, and drop nothing.
 */
export class Watchers implements AsyncDisposable {
  readonly all: Watcher[] = [];
  /** Sockets that were opened in place of one that broke. */
  reconnects = 0;
  /** Subscriptions that ended in an error and were made again. */
  resumed = 0;
  readonly #deps: WatchersDeps;
  readonly #lines: Line[] = [];
  readonly #sockets = new Set<WebSocket>();
  #isOver = false;

  constructor(deps: WatchersDeps) {
    this.#deps = deps;
  }

  /** Follows a payment until its stream ends. */
  watch(globalId: string): void {
    const watcher: Watcher = {
      globalId,
      seen: [],
      ended: false,
      firstSeenAt: new Map(),
      variables: { id: globalId },
    };
    this.all.push(watcher);
    this.#subscribe(watcher, this.#deps.random.next() < wholeShare ? whole : plain);
  }

  /** Cuts a share of the sockets, as a network does: nobody says goodbye. */
  cut(share: number): void {
    for (const socket of this.#sockets) if (this.#deps.random.next() < share) socket.terminate();
  }

  get watching(): number {
    return this.all.filter(({ ended }) => !ended).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    // One that is just connecting rejects with what becomes of that.
    await Promise.allSettled(this.#lines.map(async ({ client }) => client.dispose()));
    for (const socket of this.#sockets) socket.terminate();
  }

  #connect(): Client {
    const { malipos, apiKey, random } = this.#deps;
    return createClient({
      url: () => `${random.pick(malipos).url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${apiKey}` },
      connectionAckWaitTimeout: 8_000,
      lazyCloseTimeout: 60_000,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => wait(random.below(retryWaitMaxMs)),
      shouldRetry: () => true,
      on: {
        connected: (socket, _payload, wasRetry) => {
          this.#keep(socket as WebSocket);
          if (wasRetry) this.reconnects += 1;
        },
      },
    });
  }

  /** Any with room; another where there is none. */
  #lineWithRoom(): Line {
    const [line, ...others] = this.#lines.filter(({ watchers }) => watchers < watchersPerSocket);
    if (line !== undefined) return this.#deps.random.pick([line, ...others]);
    const another = { client: this.#connect(), watchers: 0 };
    this.#lines.push(another);
    return another;
  }

  #keep(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** The client sends `variables` again after a break, and by then they say what was seen. */
  #subscribe(watcher: Watcher, query: string): void {
    const again = () => void wait(this.#deps.random.below(resumeWaitMaxMs)).then(resume);
    const resume = () => {
      if (this.#isOver) return;
      this.resumed += 1;
      this.#subscribe(watcher, query);
    };
    let failed = false;
    const line = this.#lineWithRoom();
    line.watchers += 1;
    const end = line.client.subscribe<PaymentStatus>(
      { query, variables: watcher.variables },
      {
        next: (result) => {
          if (failed || told(watcher, result)) return;
          // The stream goes on after a change that could not be told: we must not. Not at once: the client would count
          // twice that it has ended if the server's own `complete` is already there, and soon close the socket of all others.
          failed = true;
          setImmediate(end);
        },
        error: () => {
          line.watchers -= 1;
          again();
        },
        complete: () => {
          line.watchers -= 1;
          if (failed) again();
          else watcher.ended = !this.#isOver;
        },
      },
    );
  }
}

function told(watcher: Watcher, { data, errors }: FormattedExecutionResult<PaymentStatus, unknown>): boolean {
  if (!data || errors !== undefined) return false;
  const { sequence, status } = data.paymentStatus;
  watcher.seen.push({ sequence, status });
  if (!watcher.firstSeenAt.has(status)) watcher.firstSeenAt.set(status, performance.now());
  watcher.variables.afterSequence = sequence;
  return true;
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
