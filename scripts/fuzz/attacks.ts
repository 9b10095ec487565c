import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Random } from '../../src/commands/crash-test/random.ts';
import { makeDocument, makeVariables } from './make-document.ts';
import { makeJson, makeText, makeValue } from './make-value.ts';
import type { Target } from './target.ts';

/** How the server took it: by an HTTP status, by a close code, or by ending the connection. */
export type Outcome = { kind: 'status' | 'close' | 'cut'; code: number };

export type Attack = (target: Target, random: Random) => Promise<Outcome>;

const json = 'application/json';

/** One bad request of each kind. */
export const attacks = {
  document: (target, random) =>
    post(
      target,
      '/graphql',
      makeJson(random, { query: makeDocument(random), operationName: maybe(random, makeText) }),
      {
        ...bearer(target),
        accept: random.pick([json, 'application/graphql-response+json', '*/*']),
      },
    ),
  variables: (target, random) =>
    post(
      target,
      '/graphql',
      makeJson(random, {
        query: random.pick(documents),
        variables: makeVariables(random),
        extensions: maybe(random, makeValue),
      }),
      bearer(target),
    ),
  body: (target, random) => post(target, '/graphql', makeJson(random), bearer(target)),
  stream: (target, random) =>
    post(
      target,
      '/graphql',
      makeJson(random, { query: makeDocument(random), variables: makeVariables(random) }),
      {
        ...bearer(target),
        accept: 'text/event-stream',
      },
    ),
  callback: (target, random) => post(target, random.pick(callbackPaths)(random), makeCallback(random), {}),
  headers: rawRequest,
  frames,
} satisfies Record<string, Attack>;

const documents = [
  'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { replayed userErrors { code } } }',
  'query ($a: TransactionLookup!) { transaction(by: $a) { id } }',
  'query ($a: TransactionWhere) { transactions(where: $a, first: 1) { totalCount nodes { id } } }',
  'query ($a: Int) { transactions(first: $a) { nodes { timeline { message } } } }',
  'query ($a: [ID!]!) { nodes(ids: $a) { id } }',
  'subscription ($a: ID!) { paymentStatus(transactionId: $a) { status } }',
] as const;

const bearer = ({ key }: Target) => ({ 'content-type': json, authorization: `Bearer ${key}` });

function maybe<T>(random: Random, make: (random: Random) => T): T | undefined {
  return random.below(3) === 0 ? make(random) : undefined;
}

/** The longest that an answer may take; `awaitPayment` of a payment that exists could take longer, and none does. */
const answerMsMax = 20_000;

async function post(
  { http }: Target,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<Outcome> {
  const signal = AbortSignal.timeout(answerMsMax);
  const answer = await http.request({ method: 'POST', path, body, headers, signal });
  await answer.body.dump();
  return { kind: 'status', code: answer.statusCode };
}

const hex = (random: Random, length: number) =>
  Array.from({ length }, () => random.below(16).toString(16)).join('');

const callbackPaths = [
  (random: Random) => `/cb/${hex(random, 68)}`,
  (random: Random) => `/cb/${hex(random, random.below(200))}`,
  (random: Random) => `/cb/${encodeURIComponent(makeText(random).toWellFormed().slice(0, 200))}`,
  // Read where it comes from an allowed address, as from this machine.
  () => '/mpesa/callback',
] as const;

function makeCallback(random: Random): string {
  const { CheckoutRequestID, ...rest } = {
    MerchantRequestID: makeValue(random, 1),
    CheckoutRequestID: makeValue(random, 1),
    ResultCode: makeValue(random, 1),
    ResultDesc: makeText(random),
    CallbackMetadata: random.below(2) === 0 ? { Item: makeValue(random) } : makeValue(random),
  };
  // One that names a payment is kept until that is known: it would be no bad one.
  const stkCallback = typeof CheckoutRequestID === 'string' ? rest : { CheckoutRequestID, ...rest };
  return makeJson(random, random.below(4) === 0 ? makeValue(random) : { Body: { stkCallback } });
}

const lines = [
  (random: Random) => `X-A: ${makeText(random)}`,
  () => 'Content-Length: -1',
  () => 'Content-Length: 5\r\nContent-Length: 6',
  () => 'Transfer-Encoding: chunked, chunked',
  () => 'Transfer-Encoding: xchunked\r\nContent-Length: 3',
  (random: Random) => `Authorization: ${makeText(random)}`,
  (random: Random) => `Accept: ${makeText(random)}`,
  (random: Random) => `Content-Type: ${makeText(random)}`,
  (random: Random) => `X-Forwarded-For: ${makeText(random)}`,
  () => `Cookie: ${'a=b; '.repeat(5_000)}`,
  () => 'Connection: Upgrade\r\nUpgrade: websocket',
  () => 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x',
  () => 'Expect: 100-continue',
  () => 'Host: a\r\nHost: b',
  () => ': x',
  () => 'X\u0001: y',
] as const;

/** Bytes as no client library would write them. The server answers, or cuts the connection. */
async function rawRequest({ url, key }: Target, random: Random): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => (answer += String(chunk)));
  // Not by `once` of node:events, which would reject where the server cuts the connection.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const method = random.pick(['GET', 'POST', 'OPTIONS', 'PUT', 'FOO', 'get']);
  const path = random.pick([
    '/graphql',
    '/graphql?query=%',
    '/cb/x',
    '/%ff',
    '/health/live',
    '*',
    '/graphql?watchToken=a.b.c',
    '//',
  ]);
  const headers = Array.from({ length: 1 + random.below(4) }, () => random.pick(lines)(random));
  const authorization = random.below(2) === 0 ? [`Authorization: Bearer ${key}`] : [];
  const version = random.pick(['1.1', '1.1', '1.0', '9.9']);
  const text = [`${method} ${path} HTTP/${version}`, 'Host: x', ...authorization, ...headers, '', '{}'].join(
    '\r\n',
  );
  socket.end(text.toWellFormed());
  const timer = setTimeout(() => socket.destroy(), answerMsMax);
  await closed;
  clearTimeout(timer);
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
  return status === undefined ? { kind: 'cut', code: 0 } : { kind: 'status', code: Number(status) };
}

/** A socket on which a few frames are sent, some of them before it is let in. */
async function frames({ url, key }: Target, random: Random): Promise<Outcome> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.on('error', () => undefined);
  const closed = once(socket, 'close') as Promise<[number]>;
  const attack = () => {
    for (let count = 1 + random.below(4); count > 0; count -= 1) socket.send(makeFrame(random));
    socket.once('pong', () => socket.close());
    socket.ping();
  };
  socket.once('open', () => {
    const init = { type: 'connection_init', payload: { authorization: `Bearer ${key}` } };
    socket.send(JSON.stringify(init));
    // Now and then without waiting to be let in.
    if (random.below(5) === 0) attack();
    else socket.once('message', attack);
  });
  const timer = setTimeout(() => socket.terminate(), answerMsMax);
  const [code] = await closed;
  clearTimeout(timer);
  return { kind: 'close', code };
}

function makeFrame(random: Random): string | Buffer {
  if (random.below(10) === 0)
    return Buffer.from(Array.from({ length: random.below(50) }, () => random.below(256)));
  const id = random.pick(['1', '2', '__proto__', '', 'constructor']);
  const payload = { query: makeDocument(random), variables: makeVariables(random) };
  const message = random.pick([
    { id, type: 'subscribe', payload },
    { id, type: 'subscribe', payload },
    { id, type: 'subscribe', payload },
    { id, type: 'complete' },
    { type: 'ping', payload: makeValue(random) },
    { type: makeText(random), id: makeValue(random) },
    makeValue(random),
  ]);
  return random.below(8) === 0 ? makeJson(random, message) : JSON.stringify(message);
}
