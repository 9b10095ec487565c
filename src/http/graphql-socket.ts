import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Lifecycle } from '../lib/lifecycle.ts';
import { sleep } from '../lib/sleep.ts';
import { createTaskSet } from '../lib/task-set.ts';
import type { ClientAddress } from './client-address.ts';
import type { Origins } from './origins.ts';
import type { Place, Places } from './places.ts';
import { ClientSocket } from './socket/client-socket.ts';
import { createHeartbeat } from './socket/heartbeat.ts';
import { Session } from './socket/session.ts';
import type { SocketDeps } from './socket/socket-deps.ts';

export type GraphqlSocketDeps = Omit<SocketDeps, 'sockets' | 'heartbeat' | 'underWay'> & {
  lifecycle: Lifecycle;
  clientAddress: ClientAddress;
  /** Places for what is open at once. */
  places: Places;
  origins: Origins;
};

/** A frame carries one operation. */
const frameBytesMax = 64 * 1024;
/** Below the 60 s after which proxies close what is silent. */
const keepAliveMs = 25_000;
/** How long operations under way may take to be answered after the order to stop, in milliseconds. */
const answersMsMax = 10_000;
/** How long a client may take to say goodbye when the server stops, in milliseconds. */
const goodbyeMsMax = 2_000;

/**
 * GraphQL over WebSocket, `graphql-transport-ws`, on the same path and through the same pipeline as HTTP. The
 * credential comes in `connection_init`; without a good one the socket is closed with 4403.
 */
export function attachGraphqlSocket(server: Server, deps: GraphqlSocketDeps): AsyncDisposable {
  const opening = new WebSocketServer({
    noServer: true,
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
    handleProtocols,
    // A listener for each less: sessions know when they end.
    clientTracking: false,
    WebSocket: ClientSocket,
  });
  const heartbeat = createHeartbeat(keepAliveMs);
  const shared: SocketDeps = {
    ...deps,
    sockets: new Set(),
    heartbeat,
    // Their errors are answered.
    underWay: createTaskSet(() => undefined),
  };
  const upgrade = (request: IncomingMessage, tcp: Duplex, head: Buffer): void => {
    // Node takes its own listener away from a socket that is upgraded: one that breaks would end the process.
    tcp.on('error', destroy);
    const refusal = refusalOf(deps, request);
    if (refusal !== null) return void tcp.end(refusal);
    const address = deps.clientAddress(request);
    const place = deps.lifecycle.phase === 'running' ? deps.places.take(address) : null;
    if (place === null)
      return void tcp.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\r\n');
    leaveWith(tcp, place);
    const arrival = { tcp, place, address };
    opening.handleUpgrade(request, tcp, head, (socket) => Session.open(shared, socket, arrival));
  };
  server.on('upgrade', upgrade);
  return {
    async [Symbol.asyncDispose]() {
      server.off('upgrade', upgrade);
      await Promise.race([shared.underWay.drain(), sleep(answersMsMax)]);
      // Where the last answer is sent.
      await nextTurn();
      opening.close();
      await closeAll(shared.sockets);
      heartbeat[Symbol.dispose]();
    },
  };
}

function refusalOf({ origins }: GraphqlSocketDeps, { url = '', headers }: IncomingMessage): string | null {
  if (URL.parse(url, 'http://host')?.pathname !== '/graphql')
    return 'HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n';
  // No browser keeps a page of another site from opening a socket here: the server has to.
  return origins.isAllowed(headers) ? null : 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n';
}

/** Clients connect again elsewhere; whoever does not answer soon is cut off. */
async function closeAll(sockets: ReadonlySet<ClientSocket>): Promise<void> {
  const closed = [...sockets].map(
    (socket) =>
      new Promise((resolve) => {
        socket.once('close', resolve);
        socket.close(1001, 'Going away');
      }),
  );
  const cutOff = setTimeout(() => {
    for (const socket of sockets) socket.terminate();
  }, goodbyeMsMax);
  await Promise.all(closed);
  clearTimeout(cutOff);
}

/** Apart, so that what listens holds the place and nothing else of the request. */
function leaveWith(tcp: Duplex, place: Place): void {
  tcp.on('close', () => place.leave());
}

function destroy(this: Duplex): void {
  this.destroy();
}
