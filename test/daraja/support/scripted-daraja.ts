import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDaraja, type Daraja, type DarajaSettings } from '../../../src/daraja/daraja.ts';
import type { AccessToken, TokenStore } from '../../../src/daraja/access-token.ts';
import { createMemoryTokenStore } from '../../../src/daraja/memory-token-store.ts';
import type { StkPushRequest } from '../../../src/daraja/stk-push.ts';
import { systemClock, type Clock } from '../../../src/lib/clock.ts';
import { Masked } from '../../../src/lib/masked.ts';
import { PhoneNumber } from '../../../src/daraja/phone-number.ts';

export type Received = {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
};
export type Script = (response: ServerResponse, request: Received) => void;

export type ScriptedServer = AsyncDisposable & {
  url: string;
  received: Received[];
  connections(): number;
  /** What the server does with the next requests, until told otherwise. */
  answer(script: Script): void;
};

export async function startScriptedServer(first: Script = answerWith(500, '')): Promise<ScriptedServer> {
  const received: Received[] = [];
  let script = first;
  let connections = 0;
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    // A client that goes away while it sends has no answer to wait for.
    readBody(request).then(
      (body) => {
        received.push({ method, url, headers, body });
        script(response, { method, url, headers, body });
      },
      () => response.destroy(),
    );
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    connections: () => connections,
    answer: (next) => (script = next),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function answerWith(
  status: number,
  body: string | object,
  headers: Record<string, string> = {},
): Script {
  return (response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** OAuth answers `token-1`, `token-2` … after a pause in which others could ask too. */
export function mintingScript(expiresIn: unknown = '3599', pauseMs = 20): Script {
  let minted = 0;
  return (response) => {
    minted += 1;
    const body = JSON.stringify({ access_token: `token-${minted}`, expires_in: expiresIn });
    setTimeout(() => response.end(body), pauseMs);
  };
}

export type TestDaraja = Daraja & AsyncDisposable;

export function createTestDaraja(
  baseUrl: string,
  { settings = {}, tokenStore, clock = systemClock }: TestDarajaOptions = {},
): TestDaraja {
  const daraja = createDaraja(
    {
      baseUrl,
      consumerKey: 'the-key',
      consumerSecret: new Masked('the-secret'),
      passkey: new Masked('the-passkey'),
      businessShortCode: '174379',
      transactionType: 'CustomerPayBillOnline',
      partyB: '174379',
      timeouts: { connectMs: 2_000, totalMs: 2_000 },
      ...settings,
    },
    { tokenStore: tokenStore ?? createMemoryTokenStore(clock), clock },
  );
  return { ...daraja, [Symbol.asyncDispose]: () => daraja.close() };
}

type TestDarajaOptions = { settings?: Partial<DarajaSettings>; tokenStore?: TokenStore; clock?: Clock };

export const phoneNumber = '254712345678';

export const token: AccessToken = {
  version: 1,
  value: new Masked('c9SQxWWhmdVRlyh0zh8gZDTkubVF'),
  expiresAt: new Date('2030-01-01T00:00:00Z'),
};

export const pushRequest: StkPushRequest = {
  phoneNumber: new PhoneNumber(phoneNumber),
  amountShillings: 150,
  accountReference: 'ORDER-1',
  description: 'Payment',
  callbackUrl: 'https://pay.example.co.ke/cb/0123456789abcdef',
};

export function manualClock(start = '2026-11-24T09:00:00Z'): Clock & { advance(ms: number): void } {
  let nowMs = Date.parse(start);
  return { now: () => new Date(nowMs), advance: (ms) => void (nowMs += ms) };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
