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
const socketsPerProcess = 2;

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
  readonly #clients: readonly [Client, ...Client[]];
  readonly #sockets = new Set<WebSocket>();
  #isOver = false;

  constructor(deps: WatchersDeps) {
    this.#deps = deps;
    const more = Array.from({ length: deps.malipos.length * socketsPerProcess - 1 }, () => this.#connect());
    this.#clients = [this.#connect(), ...more];
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
    await Promise.allSettled(this.#clients.map(async (client) => client.dispose()));
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
    const end = this.#deps.random.pick(this.#clients).subscribe<PaymentStatus>(
      { query, variables: watcher.variables },
      {
        next: (result) => {
          if (failed || told(watcher, result)) return;
          // The stream goes on after a change that could not be told: we must not. Not at once: the client would count
          // twice that it has ended if the server's own `complete` is already there, and soon close the socket of all others.
          failed = true;
          setImmediate(end);
        },
        error: again,
        complete: () => {
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
