import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { getNamedType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { paymentInput, TestApp, testKey } from '../support/test-app.ts';
import { openSocket, transports } from './support/transports.ts';

/** What is wrong below GraphQL, and what is hostile in values. Forms, types and GET are in test/graphql/audits.test.ts. */

const shop = 'https://shop.example.com';
let test: TestApp;
beforeAll(async () => {
  test = await TestApp.start({
    env: { CORS_ORIGINS: `${shop}, https://till.example.com:8443`, MPESA_ENVIRONMENT: 'simulator' },
    config: { environment: 'PRODUCTION' },
  });
});
afterAll(() => test[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json', authorization: `Bearer ${testKey}` };
const mutation = 'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { replayed } }';

async function send(init: RequestInit, path = '/graphql') {
  const response = await fetch(`${test.url}${path}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const nothingWasStored = async () => expect(await test.prisma.transaction.count()).toBe(0);

describe('3, 16: a batch', () => {
  it('as an array is refused whole over HTTP and SSE', async () => {
    const query = { query: 'query cop { __typename }' };
    for (const accept of ['application/json', 'text/event-stream']) {
      const body = JSON.stringify(Array.from({ length: 10 }, () => query));
      const { status, text } = await send({ method: 'POST', headers: { ...json, accept }, body });
      expect(status).toBe(400);
      expect(text.split('__typename')).toHaveLength(1);
    }
  });

  it('of one mutation, by names or in a list, does nothing', async () => {
    const one = { query: mutation, variables: { input: paymentInput() } };
    await send({
      method: 'POST',
      headers: json,
      body: JSON.stringify(Array.from({ length: 100 }, () => one)),
    });
    const names = Array.from(
      { length: 100 },
      (_, index) => `a${index}: initiateStkPush(input: $input) { replayed }`,
    );
    for (const { ask } of transports) {
      const query = `mutation ($input: InitiateStkPushInput!) { ${names.join(' ')} }`;
      expect((await ask(test, { ...one, query })).errors).toHaveLength(1);
    }
    await nothingWasStored();
  });
});

it('9, 10, 11: what a form of another page can send does nothing', async () => {
  const variables = JSON.stringify({ input: paymentInput() });
  const form = new URLSearchParams({ query: mutation, variables });
  const authorization = `Bearer ${testKey}`;
  expect((await send({ headers: { authorization } }, `/graphql?${form}`)).status).toBe(405);
  expect((await send({ method: 'POST', headers: { authorization }, body: form })).status).toBe(415);
  const multipart = new FormData();
  multipart.set('operations', JSON.stringify({ query: mutation, variables: { input: paymentInput() } }));
  expect((await send({ method: 'POST', headers: { authorization }, body: multipart })).status).toBe(415);
  await nothingWasStored();
});

it('12: there is no page in production', async () => {
  const { status, text } = await send({ headers: { accept: 'text/html' } });
  expect(status).toBe(401);
  expect(text).not.toMatch(/graphiql|playground|<html/i);
});

describe('a page of another site', () => {
  const preflight = (origin: string) =>
    send({
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });

  it.each([shop, 'https://till.example.com:8443'])(
    'that is listed may read, without cookies: %s',
    async (origin) => {
      const asked = await preflight(origin);
      expect(asked.status).toBe(204);
      expect(asked.headers.get('access-control-allow-headers')).toBe('authorization, content-type');
      const answers = [
        await send({ method: 'POST', headers: { ...json, origin }, body: '{"query":"{ __typename }"}' }),
        await send({ method: 'POST', headers: { origin }, body: '{}' }),
        await send(
          { headers: { origin, accept: 'text/event-stream', authorization: `Bearer ${testKey}` } },
          '/graphql?query={__typename}',
        ),
      ];
      for (const { headers } of [asked, ...answers]) {
        expect(headers.get('access-control-allow-origin')).toBe(origin);
        expect(headers.get('access-control-allow-credentials')).toBeNull();
        expect(headers.get('vary')).toContain('Origin');
      }
    },
  );

  it.each([
    'https://evil.example',
    'null',
    `${shop}.evil.example`,
    'http://shop.example.com',
    `${shop}:8443`,
  ])('that is not may not: %s', async (origin) => {
    const answers = [
      await preflight(origin),
      await send({ method: 'POST', headers: { ...json, origin }, body: '{"query":"{ __typename }"}' }),
    ];
    for (const { headers } of answers) {
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('access-control-allow-headers')).toBeNull();
    }
  });
});

describe('22: JSON', () => {
  const post = (body: string) => send({ method: 'POST', headers: json, body });
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  it.each([
    [
      'variables of 50,000 lists within one another',
      `{"query":"{ __typename }","variables":{"a":${deep(50_000)}}}`,
    ],
    [
      'extensions of 50,000 lists within one another',
      `{"query":"{ __typename }","extensions":{"a":${deep(50_000)}}}`,
    ],
    ['a key twice', '{"query":"{ nope }","query":"{ __typename }"}'],
    [
      '__proto__ among variables',
      '{"query":"query ($a: Int) { __typename }","variables":{"__proto__":{"a":1}}}',
    ],
    ['__proto__ beside them', '{"query":"{ __typename }","__proto__":{"query":"{ nope }"}}'],
    [
      'constructor among variables',
      '{"query":"{ __typename }","variables":{"constructor":{"prototype":{"polluted":1}}}}',
    ],
  ])('with %s pollutes nothing', async (_, body) => {
    expect((await post(body)).status).toBeLessThan(500);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect((await post('{"query":"{ server { version } }"}')).status).toBe(200);
  });

  it('nested deeper than a body is long is too large', async () => {
    expect((await post(`{"query":"{ __typename }","variables":{"a":${deep(100_000)}}}`)).status).toBe(413);
  });

  it('over a socket is held to the same, and a frame that is too large closes it', async () => {
    await using socket = await openSocket(test);
    const variables = JSON.parse(`{"a":${deep(1_000)},"__proto__":{"b":1}}`) as Record<string, unknown>;
    expect((await socket.ask({ query: '{ __typename }', variables })).errors).toEqual([]);
    socket.raw.send(
      `{"id":"a","type":"subscribe","payload":{"query":"{ __typename }","variables":${deep(50_000)}}}`,
    );
    expect((await socket.closed).code).toBe(1009);
  });
});

describe('23: a body', () => {
  it.each(['gzip', 'deflate', 'br'])('that is compressed as %s is not unpacked', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024, ' '));
    const { status } = await send({
      method: 'POST',
      headers: { ...json, 'content-encoding': encoding },
      body: bomb,
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  it('without a length is read no further than it may be long', async () => {
    const { hostname, port } = new URL(test.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('error', () => undefined);
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${testKey}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const closed = once(socket, 'close');
    const chunk = `1000\r\n${' '.repeat(4_096)}\r\n`;
    let sent = 0;
    while (!answer && sent < 10_000) {
      if (!socket.writable) break;
      socket.write(chunk);
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(10_000);
  });
});

describe('23: a slow sender', () => {
  it.each([
    ['of headers', 'POST /graphql HTTP/1.1\r\nHost: x\r\nX-A: '],
    [
      'of a body',
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${testKey}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    ],
  ])(
    '%s is let go',
    async (_, start) => {
      const { hostname, port } = new URL(test.url);
      const socket = connect(Number(port), hostname);
      let answer = '';
      socket.on('data', (chunk) => (answer += String(chunk)));
      socket.on('error', () => undefined);
      socket.write(start);
      const drip = setInterval(() => socket.write('a'), 500);
      await once(socket, 'close');
      clearInterval(drip);
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    },
    30_000,
  );
});

describe('24: an id that is another’s, unknown or none', () => {
  it('is answered alike on every transport', async () => {
    const ids = ['Transaction:0192f0c1-2f3a-7000-8000-000000000000', 'Client:1', ''].map((text) =>
      Buffer.from(text).toString('base64'),
    );
    const query = 'query ($id: ID!) { node(id: $id) { id } transaction(by: { id: $id }) { id } }';
    for (const { ask } of transports)
      for (const id of ids)
        expect(await ask(test, { query, variables: { id } })).toEqual({
          data: { node: null, transaction: null },
          errors: [],
        });
  });
});

it('26: nothing that is asked for names an address that the server would call', () => {
  const names = Object.values(schema.getTypeMap()).flatMap((type) => {
    if (isInputObjectType(type)) return Object.keys(type.getFields());
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    return Object.values(type.getFields()).flatMap(({ args }) =>
      args.map(({ name, type: argument }) => `${name} ${getNamedType(argument).name}`),
    );
  });
  expect(names.length).toBeGreaterThan(30);
  expect(names.filter((name) => /ur[il]\b|host|domain|endpoint|webhook|address/i.test(name))).toEqual([]);
});

describe('28: the name of an operation', () => {
  it('opens nothing: what runs is what is asked for', async () => {
    const query = `query IntrospectionQuery { server { version } } mutation M { createWatchToken(transactionId: "x") { watchToken } }`;
    const verdicts = await Promise.all(
      transports.map(async ({ ask }) => ({
        query: await ask(test, { query, operationName: 'IntrospectionQuery' }),
        unknown: await ask(test, { query, operationName: 'Nope' }),
        none: await ask(test, { query }),
      })),
    );
    for (const verdict of verdicts) expect(verdict).toEqual(verdicts[0]);
    const refused = { data: null, errors: [{ extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }] };
    expect(verdicts[0]).toMatchObject({ query: { errors: [] }, unknown: refused, none: refused });
  });
});
