import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type DocumentNode, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import { handleProtocols, type OperationResult, type SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Authenticate } from '../access/authenticate.ts';
import type { Viewer } from '../access/viewer.ts';
import type { Graphql } from '../graphql/yoga.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import { bearerCredential } from './credential.ts';

export type GraphqlSocketDeps = { graphql: Graphql; authenticate: Authenticate; clock: Clock };

/** A frame carries one operation. */
const frameBytesMax = 64 * 1024;
/** Below the 60 s after which proxies close what is silent. */
const keepAliveMs = 25_000;

/** Yoga's pipeline for one operation, whose parts it leaves untyped. */
type Pipeline = {
  schema: GraphQLSchema;
  parse: (source: string) => DocumentNode;
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  contextFactory: () => unknown;
  execute: (args: ExecutionArgs) => OperationResult;
  subscribe: (args: ExecutionArgs) => OperationResult;
};

/** The arguments of an operation, with the pipeline that is to run it. */
type Prepared = ExecutionArgs & { rootValue: Pick<Pipeline, 'execute' | 'subscribe'> };

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
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (URL.parse(request.url ?? '', 'http://host')?.pathname !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
  };
  server.on('upgrade', upgrade);

  const viewers = new WeakMap<WebSocket, Viewer>();
  const protocol = useServer(
    {
      isProd: true,
      connectionInitWaitTimeout: 3_000,
      onConnect: async (context) => {
        const credential = credentialOf(context.connectionParams);
        const viewer = credential === null ? null : await deps.authenticate(credential);
        if (viewer === null) return false;
        viewers.set(context.extra.socket, viewer);
        return true;
      },
      onSubscribe: async (context, _id, payload) => {
        const viewer = viewers.get(context.extra.socket);
        if (viewer === undefined) return [new GraphQLError('The connection has no credential.')];
        const requestId = newId(deps.clock.now());
        return deps.graphql.withRequestId(requestId, () =>
          prepare(deps.graphql, { viewer, requestId }, payload),
        );
      },
      execute: (args) => (args as Prepared).rootValue.execute(args),
      subscribe: (args) => (args as Prepared).rootValue.subscribe(args),
    },
    sockets,
    keepAliveMs,
  );
  return {
    async [Symbol.asyncDispose]() {
      server.off('upgrade', upgrade);
      // Sends 1001, on which clients connect again elsewhere; whoever does not answer soon is cut off.
      const cutOff = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, 2_000);
      await protocol.dispose();
      clearTimeout(cutOff);
    },
  };
}

/** A bad document is an error of its own operation. Thrown out of here it would close the socket and all on it. */
async function prepare(
  { yoga }: Graphql,
  { viewer, requestId }: { viewer: Viewer; requestId: string },
  payload: SubscribePayload,
): Promise<ExecutionArgs | GraphQLError[]> {
  const pipeline: Pipeline = yoga.getEnveloped({ viewer, requestId, params: payload });
  const { schema, execute, subscribe } = pipeline;
  try {
    const document = pipeline.parse(payload.query);
    const errors = pipeline.validate(schema, document);
    if (errors.length > 0) return [...errors];
    return {
      schema,
      document,
      operationName: payload.operationName ?? null,
      variableValues: payload.variables ?? null,
      contextValue: await pipeline.contextFactory(),
      rootValue: { execute, subscribe },
    };
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

function credentialOf(params: Record<string, unknown> | undefined): string | null {
  const header = params?.['authorization'] ?? params?.['Authorization'];
  return typeof header === 'string' ? (bearerCredential(header) ?? null) : null;
}
