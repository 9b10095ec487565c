import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between a client and a server, and fails as networks do. */
export type TcpProxy = AsyncDisposable & {
  /** The same address, by way of the proxy. */
  url: string;
  connections(): number;
  /** How many connections were refused so far. */
  refused(): number;
  /** Ends every connection; new ones are taken. */
  cut(): void;
  /** Ends every connection, and refuses new ones. */
  refuse(): void;
  /** Takes connections and passes nothing on, in either direction. */
  freeze(): void;
  /** Everything passes again, what was held back first. */
  heal(): void;
};

export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let state: 'open' | 'refusing' | 'frozen' = 'open';
  let refused = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (state === 'frozen') socket.pause();
  };
  const server = createServer((client) => {
    if (state === 'refusing') {
      refused += 1;
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    client.pipe(upstream);
    upstream.pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    for (const socket of [client, upstream]) keep(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => sockets.forEach((socket) => socket.resetAndDestroy());
  const url = new URL(target);
  url.host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    url: url.href,
    connections: () => sockets.size / 2,
    refused: () => refused,
    cut,
    refuse() {
      state = 'refusing';
      cut();
    },
    freeze() {
      state = 'frozen';
      for (const socket of sockets) socket.pause();
    },
    heal() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
