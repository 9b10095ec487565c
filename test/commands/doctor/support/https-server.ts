import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

const read = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), 'utf8');

/** Both are for `localhost` alone and signed by themselves; the first is valid until 2126, the other was until 2025. */
const certificates = { localhost: read('localhost-cert'), expired: read('expired-cert') };
const key = read('localhost-key');

export type HttpsServer = AsyncDisposable & { port: number };

export async function startHttpsServer(
  certificate: keyof typeof certificates,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<HttpsServer> {
  const server = createServer({ key, cert: certificates[certificate] }, answer).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Until it is disposed of, this process takes both certificates for those of a known authority. */
export function trustCertificates(): Disposable {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, ...Object.values(certificates)]);
  return { [Symbol.dispose]: () => setDefaultCACertificates(before) };
}
