import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  getOperationAST,
  GraphQLError,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
} from 'graphql';
import { handleProtocols, type OperationResult, type SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Connection, Connections, Ending } from '../access/connections/connection.ts';
import type { Viewer } from '../access/viewer.ts';
import { callerError, maskError, rateLimited, withRequestId } from '../graphql/errors.ts';
import type { Graphql, RequestContext } from '../graphql/yoga.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Lifecycle } from '../lib/lifecycle.ts';
import type { Logger } from '../lib/logger.ts';
import { sleep } from '../lib/sleep.ts';
import { createTaskSet } from '../lib/task-set.ts';
import type { ClientAddress } from './client-address.ts';
import type { Place, Places } from './places.ts';
import { bearerCredential } from './credential.ts';
import type { Door, Entry } from './door.ts';
import { guardSocket, letGo, letGoIfUnread, tryAgainLater } from './guard-socket.ts';
import type { Origins } from './origins.ts';
import { quietenSocket } from './quieten-socket.ts';
import type { HttpObserver } from './server.ts';

export type GraphqlSocketDeps = {
  lifecycle: Lifecycle;
  graphql: Graphql;
  door: Door;
  clientAddress: ClientAddress;
  /** Places for what is open at once. */
  places: Places;
  /** All that is open, whoever closes it. */
  connections: Connections;
  /** After about this long a client is to connect anew, in milliseconds. */
  socketAgeMs: number;
  origins: Origins;
  clock: Clock;
  logger: Logger;
  observe: HttpObserver;
};

/** A frame carries one operation. */
const frameBytesMax = 64 * 1024;
/** Under way at a time on one socket; a client with more to watch opens another. */
const operationsMax = 50;
/** Below the 60 s after which proxies close what is silent. */
const keepAliveMs = 25_000;
/** How long operations under way may take to be answered after the order to stop, in milliseconds. */
const answersMsMax = 10_000;
/** The close code of graphql-transport-ws for whoever may not come in. */
const forbidden = 4403;

/** Yoga's pipeline for one operation, whose parts it leaves untyped. */
type Pipeline = {
  schema: GraphQLSchema;
  parse: (source: string) => DocumentNode;
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  contextFactory: () => unknown;
  execute: (args: ExecutionArgs) => OperationResult;
  subscribe: (args: ExecutionArgs) => OperationResult;
};

type Runner = Pick<Pipeline, 'execute' | 'subscribe'> & { connection: Connection | undefined };

/** The arguments of an operation, with the pipeline that is to run it. */
type Prepared = ExecutionArgs & { rootValue: Runner };

const closings: Record<Ending, { code: number; reason: string }> = {
  'credential-ended': { code: forbidden, reason: 'Forbidden' },
  // RFC 6455: going away. Clients connect again at once.
  'too-old': { code: 1001, reason: 'Connect again' },
};

/**
 * GraphQL over WebSocket, `graphql-transport-ws`, on the same path and through the same pipeline as HTTP. The
 * credential comes in `connection_init`; without a good one the socket is closed with 4403.
 */
export function attachGraphqlSocket(server: Server, deps: GraphqlSocketDeps): AsyncDisposable {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
    handleProtocols,
  });
  const placeOf = new WeakMap<IncomingMessage, Place>();
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Node takes its own listener away from a socket that is upgraded: one that breaks would end the process.
    socket.on('error', () => socket.destroy());
    if (URL.parse(request.url ?? '', 'http://host')?.pathname !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    // No browser keeps a page of another site from opening a socket here: the server has to.
    if (!deps.origins.isAllowed(request.headers)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    const place = deps.lifecycle.phase === 'running' ? deps.places.take(deps.clientAddress(request)) : null;
    if (place === null) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\r\n');
      return;
    }
    placeOf.set(request, place);
    socket.once('close', () => place.leave());
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
  };
  server.on('upgrade', upgrade);
  sockets.on('connection', (socket) => {
    guardSocket(socket, deps.clock);
    deps.observe.opened('socket');
    socket.once('close', () => deps.observe.closed('socket'));
  });

  // Queries and mutations; their errors are answered.
  const underWay = createTaskSet(() => undefined);
  const connectionOf = new WeakMap<WebSocket, Connection>();
  const protocol = useServer(
    {
      isProd: true,
      connectionInitWaitTimeout: 3_000,
      onConnect: async ({ connectionParams, extra: { socket, request } }) => {
        try {
          const entry = await enter(deps, connectionParams, request);
          if (entry.outcome === 'refused') return false;
          if (entry.outcome === 'in' && placeOf.get(request)?.letIn(entry.key)) {
            connectionOf.set(socket, keepWhileOpen(deps, socket, entry.viewer));
            return true;
          }
          socket.close(tryAgainLater, 'Too many connections');
        } catch (error) {
          deps.logger.error({ err: error }, 'a socket could not be let in');
          socket.close(tryAgainLater, 'Try again later');
        }
        return false;
      },
      onSubscribe: async ({ connectionParams, subscriptions, extra: { socket, request } }, _id, payload) => {
        const requestId = newId(deps.clock.now());
        if (Object.keys(subscriptions).length > operationsMax) return [tooManyOperations(requestId)];
        // Asked anew each time: a key may have been revoked, and a watch token run out, since the socket was opened.
        const entry = await enter(deps, connectionParams, request).catch((error: unknown) => ({ error }));
        if ('error' in entry) return [maskError(deps.logger, entry.error, requestId)];
        if (entry.outcome === 'slow-down')
          return [withRequestId(rateLimited(entry.retryAfterSeconds), requestId, 'RATE_LIMITED')];
        if (entry.outcome !== 'in') {
          socket.close(forbidden, 'Forbidden');
          return [withoutStatus(callerError('UNAUTHENTICATED', 'The credential opens nothing any longer.'))];
        }
        const isGone = () => socket.readyState !== socket.OPEN;
        return deps.graphql.withRequestId(requestId, () =>
          prepare(deps, { viewer: entry.viewer, requestId, isGone }, payload, connectionOf.get(socket)),
        );
      },
      onNext: ({ extra: { socket } }) => letGoIfUnread(socket),
      execute: (args) => {
        const { execute, connection } = (args as Prepared).rootValue;
        const answer = execute(args);
        underWay.add(whileAnswering(connection, answer));
        return answer;
      },
      subscribe: (args) => (args as Prepared).rootValue.subscribe(args),
    },
    sockets,
    keepAliveMs,
  );
  // After graphql-ws has put its own listeners on the socket.
  sockets.on('connection', quietenSocket);
  return {
    async [Symbol.asyncDispose]() {
      server.off('upgrade', upgrade);
      await Promise.race([underWay.drain(), sleep(answersMsMax)]);
      // Where the last answer is sent.
      await nextTurn();
      // Sends 1001, after which clients connect again elsewhere; whoever does not answer soon is cut off.
      const cutOff = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, 2_000);
      await protocol.dispose();
      clearTimeout(cutOff);
    },
  };
}

/** From now on it can be closed by what becomes of its credential. Clients that came together do not go together. */
function keepWhileOpen(
  { connections, socketAgeMs, clock }: GraphqlSocketDeps,
  socket: WebSocket,
  viewer: Viewer,
): Connection {
  const connection: Connection = {
    viewer,
    oldAtMs: clock.now().getTime() + socketAgeMs * (0.9 + 0.2 * Math.random()),
    answering: 0,
    close: (ending) => letGo(socket, closings[ending].code, closings[ending].reason),
  };
  // It may have gone while its credential was looked up.
  if (socket.readyState === socket.OPEN) {
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  }
  return connection;
}

/** Counted, so that a client which is to connect anew is not cut off from an answer. */
async function whileAnswering(connection: Connection | undefined, answer: OperationResult): Promise<void> {
  if (connection !== undefined) connection.answering += 1;
  try {
    await answer;
  } finally {
    if (connection !== undefined) connection.answering -= 1;
  }
}

function tooManyOperations(requestId: string): GraphQLError {
  const message = `A socket carries at most ${operationsMax} operations at a time: open another.`;
  return withRequestId(callerError('RATE_LIMITED', message), requestId, 'RATE_LIMITED');
}

/** A bad document is an error of its own operation. Thrown out of here it would close the socket and all on it. */
async function prepare(
  { graphql: { yoga, documentOf }, logger }: GraphqlSocketDeps,
  { requestId, ...request }: RequestContext,
  payload: SubscribePayload,
  connection: Connection | undefined,
): Promise<ExecutionArgs | GraphQLError[]> {
  const pipeline: Pipeline = yoga.getEnveloped({ ...request, requestId, params: payload });
  const { schema, execute, subscribe } = pipeline;
  try {
    const document = pipeline.parse(String(documentOf(payload)));
    const errors = pipeline.validate(schema, document);
    if (errors.length > 0) return errors.map(withoutStatus);
    const operationName = payload.operationName ?? null;
    if (!getOperationAST(document, operationName)) return [noSuchOperation(requestId)];
    return {
      schema,
      document,
      operationName,
      variableValues: payload.variables ?? null,
      contextValue: await pipeline.contextFactory(),
      rootValue: { execute, subscribe, connection } satisfies Runner,
    };
  } catch (error) {
    if (error instanceof GraphQLError)
      return [withoutStatus(withRequestId(error, requestId, 'GRAPHQL_PARSE_FAILED'))];
    return [maskError(logger, error, requestId)];
  }
}

/** In Yoga's words for HTTP; graphql-ws would use others, and no code. */
function noSuchOperation(requestId: string): GraphQLError {
  const code = 'OPERATION_RESOLUTION_FAILURE';
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code, requestId },
  });
}

/** Yoga says in the error which status it has over HTTP, and takes it out only there. */
function withoutStatus({ message, nodes, source, positions, extensions }: GraphQLError): GraphQLError {
  const { http: _http, ...others } = extensions;
  return new GraphQLError(message, { nodes, source, positions, extensions: others });
}

async function enter(
  { door, clientAddress }: GraphqlSocketDeps,
  params: Record<string, unknown> | undefined,
  request: IncomingMessage,
): Promise<Entry> {
  return door.enter(credentialOf(params), clientAddress(request));
}

function credentialOf(params: Record<string, unknown> | undefined): string | null {
  const header = params?.['authorization'] ?? params?.['Authorization'];
  return typeof header === 'string' ? (bearerCredential(header) ?? null) : null;
}
