import type { Duplex } from 'node:stream';
import { GraphQLError } from 'graphql';
import {
  CloseCode,
  GRAPHQL_TRANSPORT_WS_PROTOCOL,
  MessageType,
  parseMessage,
  type ConnectionInitMessage,
  type Message,
  type SubscribeMessage,
} from 'graphql-ws';
import type { RawData } from 'ws';
import type { Viewer } from '../../access/viewer.ts';
import { callerError, maskError, rateLimited, withRequestId } from '../../graphql/errors.ts';
import { newId } from '../../lib/ids.ts';
import { bearerCredential } from '../credential.ts';
import type { Place } from '../places.ts';
import { listen, listenForEnd, type ClientSocket, type SocketEvents } from './client-socket.ts';
import { letGoIfUnread, SocketGuard, tryAgainLater } from './guard-socket.ts';
import type { Beating } from './heartbeat.ts';
import { Operation, type Sent, type Teller } from './operation.ts';
import { runOperation, withoutStatus, type Outcome } from './run-operation.ts';
import { SocketConnection } from './socket-connection.ts';
import type { SocketDeps } from './socket-deps.ts';

/** Within this a client says who it is, in milliseconds. */
const initMsMax = 3_000;
/** Under way at a time on one socket; a client with more to watch opens another. */
const operationsMax = 50;
/** A client that has not taken so much yet is told the next change when it has, in bytes. */
const untakenBytesMax = 16 * 1024;

/** Where a socket comes from, and what it takes up. */
export type Arrival = { tcp: Duplex; place: Place; address: string };

/**
 * The server's side of `graphql-transport-ws` on one socket (its messages and close codes are those of graphql-ws). Most
 * sockets watch one payment and are silent: of what a client has sent is kept only what is needed again, and no promise,
 * timer or listener of its own waits for it.
 */
export class Session implements SocketEvents, Beating, Teller {
  readonly #deps: SocketDeps;
  readonly #socket: ClientSocket;
  readonly #tcp: Duplex;
  readonly #place: Place;
  readonly #address: string;
  readonly #guard: SocketGuard;
  readonly #operations = new Map<string, Operation>();
  readonly #isGone = (): boolean => !this.#isOpen();
  #initTimer: NodeJS.Timeout | null;
  /** Null until it is let in. */
  #connection: SocketConnection | null = null;
  /** A key, which may be revoked: it is looked up again for each operation. A watch token says itself when it ends. */
  #key: string | null = null;
  #isAwaitingPong = false;
  #isCorked = false;

  static open(deps: SocketDeps, socket: ClientSocket, arrival: Arrival): void {
    const session = new Session(deps, socket, arrival);
    socket.session = session;
    listenForEnd(socket);
    deps.sockets.add(socket);
    deps.observe.opened('socket');
    deps.heartbeat.add(session);
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL) {
      socket.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
      return;
    }
    listen(socket);
  }

  constructor(deps: SocketDeps, socket: ClientSocket, { tcp, place, address }: Arrival) {
    this.#deps = deps;
    this.#socket = socket;
    this.#tcp = tcp;
    this.#place = place;
    this.#address = address;
    this.#guard = new SocketGuard(socket, deps.clock);
    this.#initTimer = setTimeout(() => {
      socket.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout');
    }, initMsMax);
  }

  receive(data: RawData): void {
    this.#guard.take();
    if (!this.#isOpen()) return;
    const message = readMessage(data);
    switch (message?.type) {
      case MessageType.ConnectionInit:
        return this.#handle(this.#init(message));
      case MessageType.Subscribe:
        return this.#handle(this.#subscribe(message));
      case MessageType.Complete:
        return this.#operations.get(message.id)?.leave();
      case MessageType.Ping:
        return void this.send({ type: MessageType.Pong, payload: message.payload });
      case MessageType.Pong:
        return;
      default:
        // No message at all, or one that only servers send.
        this.#socket.close(CloseCode.BadRequest, 'Invalid message received');
    }
  }

  hearPing(): void {
    this.#guard.take();
  }

  /** One that did not answer the last ping is gone. */
  beat(): void {
    if (!this.#isOpen()) return;
    if (this.#isAwaitingPong) return this.#socket.terminate();
    this.#isAwaitingPong = true;
    this.#socket.ping();
  }

  hearPong(): void {
    this.#isAwaitingPong = false;
  }

  end(): void {
    const { sockets, heartbeat, connections, observe } = this.#deps;
    this.#stopWaitingForInit();
    for (const operation of this.#operations.values()) operation.leave();
    if (this.#connection !== null) connections.delete(this.#connection);
    heartbeat.delete(this);
    sockets.delete(this.#socket);
    observe.closed('socket');
  }

  forget(operationId: string): void {
    this.#operations.delete(operationId);
  }

  /** Part of an answer. Whoever does not read them is let go. */
  tell(message: Sent): Promise<void> | undefined {
    letGoIfUnread(this.#socket);
    return this.send(message);
  }

  /** What is sent in one turn goes out at once. There is something to wait for where its reader is slow. */
  send(message: Sent): Promise<void> | undefined {
    if (!this.#isOpen()) return undefined;
    this.#cork();
    const text = JSON.stringify(message);
    if (this.#socket.bufferedAmount <= untakenBytesMax) {
      this.#socket.send(text);
      return undefined;
    }
    return new Promise((resolve) => {
      this.#socket.send(text, () => resolve());
    });
  }

  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#tcp.cork();
    process.nextTick(uncork, this);
  }

  uncork(): void {
    this.#isCorked = false;
    this.#tcp.uncork();
  }

  #handle(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#deps.logger.error({ err: error }, 'a message of a socket could not be handled');
      this.#socket.close(CloseCode.InternalServerError, 'Internal server error');
    });
  }

  async #init({ payload }: ConnectionInitMessage): Promise<void> {
    if (this.#initTimer === null)
      return this.#socket.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
    this.#stopWaitingForInit();
    try {
      const credential = credentialOf(payload);
      const entry = await this.#deps.door.enter(credential, this.#address);
      if (entry.outcome === 'refused') return this.#socket.close(CloseCode.Forbidden, 'Forbidden');
      if (entry.outcome === 'in' && this.#place.letIn(entry.key))
        return this.#letIn(entry.viewer, credential);
      this.#socket.close(tryAgainLater, 'Too many connections');
    } catch (error) {
      this.#deps.logger.error({ err: error }, 'a socket could not be let in');
      this.#socket.close(tryAgainLater, 'Try again later');
    }
  }

  /** Clients that came together do not go together. */
  #letIn(viewer: Viewer, credential: string | null): void {
    // It may have gone while its credential was looked up.
    if (!this.#isOpen()) return;
    const { connections, socketAgeMs, clock } = this.#deps;
    const oldAtMs = clock.now().getTime() + socketAgeMs * (0.9 + 0.2 * Math.random());
    this.#connection = new SocketConnection(this.#socket, viewer, oldAtMs);
    if (viewer.kind === 'client') this.#key = credential;
    connections.add(this.#connection);
    void this.send({ type: MessageType.ConnectionAck });
  }

  async #subscribe({ id, payload }: SubscribeMessage): Promise<void> {
    const connection = this.#connection;
    if (connection === null) return this.#socket.close(CloseCode.Unauthorized, 'Unauthorized');
    if (this.#operations.has(id))
      return this.#socket.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
    const operation = new Operation(this, id);
    this.#operations.set(id, operation);
    operation.answer(await this.#run(payload, connection));
  }

  async #run(payload: SubscribeMessage['payload'], connection: SocketConnection): Promise<Outcome> {
    const { clock, logger, graphql } = this.#deps;
    const requestId = newId(clock.now());
    if (this.#operations.size > operationsMax) return [tooManyOperations(requestId)];
    const viewer = await this.#viewerNow(connection.viewer, requestId).catch((error: unknown) =>
      maskError(logger, error, requestId),
    );
    if (viewer instanceof GraphQLError) return [viewer];
    const request = { viewer, requestId, isGone: this.#isGone };
    return graphql.withRequestId(requestId, () => runOperation(this.#deps, request, payload, connection));
  }

  /** Asked anew each time: a key may have been revoked, and a watch token run out, since the socket was opened. */
  async #viewerNow(viewer: Viewer, requestId: string): Promise<Viewer | GraphQLError> {
    if (viewer.kind === 'watcher')
      return viewer.expiresAt > this.#deps.clock.now() ? viewer : this.#shutOut();
    const entry = await this.#deps.door.enter(this.#key, this.#address);
    if (entry.outcome === 'slow-down')
      return withRequestId(rateLimited(entry.retryAfterSeconds), requestId, 'RATE_LIMITED');
    return entry.outcome === 'in' ? entry.viewer : this.#shutOut();
  }

  #shutOut(): GraphQLError {
    this.#socket.close(CloseCode.Forbidden, 'Forbidden');
    return withoutStatus(callerError('UNAUTHENTICATED', 'The credential opens nothing any longer.'));
  }

  #stopWaitingForInit(): void {
    if (this.#initTimer !== null) clearTimeout(this.#initTimer);
    this.#initTimer = null;
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}

function uncork(session: Session): void {
  session.uncork();
}

function readMessage(data: RawData): Message | null {
  try {
    return parseMessage((data as Buffer).toString());
  } catch {
    return null;
  }
}

function tooManyOperations(requestId: string): GraphQLError {
  const message = `A socket carries at most ${operationsMax} operations at a time: open another.`;
  return withRequestId(callerError('RATE_LIMITED', message), requestId, 'RATE_LIMITED');
}

function credentialOf(params: Record<string, unknown> | null | undefined): string | null {
  const header = params?.['authorization'] ?? params?.['Authorization'];
  return typeof header === 'string' ? (bearerCredential(header) ?? null) : null;
}
