import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PrismaClient } from '../../src/database/database.ts';
import type { Sql } from '../../src/database/sql.ts';
import { paymentInput, testKey, TestApp } from '../support/test-app.ts';
import { embedded } from '../support/test-database.ts';

let test: TestApp;

beforeAll(async () => {
  test = await TestApp.start();
});
afterAll(() => test[Symbol.asyncDispose]());

const authorized = { authorization: `Bearer ${testKey}` };
const json = { 'content-type': 'application/json' };

type Answer = { status: number; type: string; text: string; headers: Headers };

async function request(init: RequestInit, path = '/graphql'): Promise<Answer> {
  const response = await fetch(`${test.url}${path}`, init);
  const { status, headers } = response;
  return { status, type: headers.get('content-type') ?? '', text: await response.text(), headers };
}

const codeOf = ({ text }: Answer): unknown =>
  (JSON.parse(text) as { errors?: { extensions?: { code?: unknown } }[] }).errors?.[0]?.extensions?.code;

describe('GraphQL over HTTP, as its own suite audits it:', () => {
  const audits = serverAudits({
    url: () => `${test.url}/graphql`,
    fetchFn: (url: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${testKey}`);
      return fetch(url, { ...init, headers });
    },
  });

  it('the suite has its 61 audits', () => {
    expect(audits).toHaveLength(61);
  });

  it.each(audits.map((audit) => [audit.id, audit.name, audit.fn] as const))(
    '%s %s',
    async (_id, _name, run) => {
      const result = await run();
      if (result.status !== 'ok') throw new Error(`${result.status}: ${result.reason}`);
    },
  );
});

const mutation = 'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { replayed } }';

function initiation(): string {
  return JSON.stringify({ query: mutation, variables: { input: paymentInput() } });
}

describe('without a credential', () => {
  const query = '{ server { version } }';
  const get = `/graphql?query=${encodeURIComponent(query)}`;
  const stream = { accept: 'text/event-stream' };
  const body = JSON.stringify({ query });

  it.each<[string, RequestInit, string]>([
    ['POST', { method: 'POST', headers: json, body }, '/graphql'],
    ['GET', {}, get],
    ['SSE by POST', { method: 'POST', headers: { ...json, ...stream }, body }, '/graphql'],
    ['SSE by GET', { headers: stream }, get],
    ['a POST that is no GraphQL', { method: 'POST', headers: json, body: '{' }, '/graphql'],
    ['an unknown key', { headers: { authorization: 'Bearer mlp_test_unknown' } }, get],
    ['a scheme that is not Bearer', { headers: { authorization: `Basic ${testKey}` } }, get],
    ['an empty Bearer', { headers: { authorization: 'Bearer ' } }, get],
    ['a cookie', { headers: { cookie: `authorization=Bearer ${testKey}` } }, get],
    ['an unknown watch token', {}, `${get}&watchToken=a.b.c`],
  ])('%s is answered 401', async (_, init, path) => {
    const answer = await request(init, path);
    expect(answer.status).toBe(401);
    expect(codeOf(answer)).toBe('UNAUTHENTICATED');
    expect(answer.type).toMatch(/^application\/(json|graphql-response\+json)/);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });
});

describe('a mutation', () => {
  const noPayments = async () => expect(await test.prisma.transaction.count()).toBe(0);

  it('over GET is answered 405 and does nothing', async () => {
    const variables = JSON.stringify({ input: paymentInput() });
    const path = `/graphql?query=${encodeURIComponent(mutation)}&variables=${encodeURIComponent(variables)}`;
    for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream']) {
      const answer = await request({ headers: { ...authorized, accept } }, path);
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('POST');
    }
    await noPayments();
  });

  it.each<[string, Record<string, string>, BodyInit]>([
    [
      'a form',
      { 'content-type': 'application/x-www-form-urlencoded' },
      new URLSearchParams({
        query: mutation,
        variables: JSON.stringify({ input: paymentInput() }),
      }).toString(),
    ],
    [
      'a multipart form',
      { 'content-type': 'multipart/form-data; boundary=x' },
      `--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n${initiation()}\r\n--x--\r\n`,
    ],
    ['plain text', { 'content-type': 'text/plain' }, initiation()],
    ['a bare document', { 'content-type': 'application/graphql' }, mutation],
    ['JSON of another kind', { 'content-type': 'application/vnd.api+json' }, initiation()],
    ['a type that is none', { 'content-type': 'x' }, initiation()],
    // A Blob without a type and bytes are sent without a content type.
    ['bytes without a content type', {}, new TextEncoder().encode(initiation())],
  ])('in %s is answered 415 and does nothing', async (_, headers, body) => {
    const answer = await request({ method: 'POST', headers: { ...authorized, ...headers }, body });
    expect(answer.status).toBe(415);
    expect(codeOf(answer)).toBe('UNSUPPORTED_MEDIA_TYPE');
    await noPayments();
  });

  it('of more than 128 KB is answered 413 and does nothing', async () => {
    const padded = (bytes: number) => initiation().padEnd(bytes, ' ');
    const headers = { ...authorized, ...json };
    const tooLarge = await request({ method: 'POST', headers, body: padded(128 * 1024 + 1) });
    expect(tooLarge.status).toBe(413);
    expect(codeOf(tooLarge)).toBe('REQUEST_ENTITY_TOO_LARGE');
    await noPayments();
    const query = JSON.stringify({ query: '{ __typename }' }).padEnd(128 * 1024, ' ');
    expect((await request({ method: 'POST', headers, body: query })).status).toBe(200);
  });

  it.each(['PUT', 'PATCH', 'DELETE'])('by %s is answered 4xx and does nothing', async (method) => {
    const answer = await request({ method, headers: { ...authorized, ...json }, body: initiation() });
    expect(answer.status).toBeGreaterThanOrEqual(404);
    expect(answer.status).toBeLessThan(500);
    await noPayments();
  });
});

describe('a foreign page', () => {
  it('is given no leave to read', async () => {
    const origin = 'https://evil.example';
    const preflight = await request({
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    const plain = await request({
      method: 'POST',
      headers: { ...authorized, ...json, origin },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    for (const { headers } of [preflight, plain]) {
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });
});

describe('what a client accepts', () => {
  const query = JSON.stringify({ query: '{ __typename }' });
  const ask = (accept: string, body = query) =>
    request({ method: 'POST', headers: { ...authorized, ...json, accept }, body });
  const plain = 'application/json; charset=utf-8';
  const newer = 'application/graphql-response+json; charset=utf-8';

  it.each([
    ['', plain],
    ['*/*', plain],
    ['application/*', plain],
    ['application/json; charset=utf-8', plain],
    ['text/html, application/graphql-response+json;q=0.9, application/json', newer],
    ['application/json, application/graphql-response+json', plain],
    ['text/event-stream, application/json', plain],
    ['text/event-stream', 'text/event-stream'],
  ])('%j is answered as %s', async (accept, type) => {
    const answer = await ask(accept);
    expect([answer.status, answer.type]).toEqual([200, type]);
  });

  it.each(['text/html', 'application/json; charset=latin1', 'constructor', '__proto__'])(
    'where it is %j gets 406, and nothing is done',
    async (accept) => {
      const answer = await ask(accept, initiation());
      expect([answer.status, codeOf(answer)]).toEqual([406, 'NOT_ACCEPTABLE']);
      expect(await test.prisma.transaction.count()).toBe(0);
    },
  );

  it.each([
    ['a list', `[${query}]`],
    ['a number', '1'],
    ['null', 'null'],
    ['broken', '{"query":'],
  ])('a body that is %s gets 400 in both types', async (_, body) => {
    for (const accept of [plain, newer]) {
      const answer = await ask(accept, body);
      expect([answer.status, answer.type, codeOf(answer)]).toEqual([400, accept, 'BAD_REQUEST']);
    }
  });
});

describe('an unexpected error', () => {
  it('shows its request id and nothing of itself, on every transport', async () => {
    // A database that fails in the words of a real one, which name tables, hosts and passwords.
    const detail = 'relation "transactions" at db.internal with password hunter2';
    const database = await embedded.open();
    const failing = new Proxy(database.prisma, {
      get(prisma, name) {
        if (name === 'transaction') {
          return new Proxy(prisma.transaction, {
            get: (model, method) =>
              method === 'findFirst'
                ? () => Promise.reject(new Error(detail))
                : (Reflect.get(model, method) as unknown),
          });
        }
        return Reflect.get(prisma, name) as unknown;
      },
    }) satisfies PrismaClient;
    const failingSql: Sql = async <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) => {
      if (text.join('').includes('from transactions')) throw new Error(detail);
      return database.sql<Row>(text, ...values);
    };
    await using broken = await TestApp.start({
      databases: { ...embedded, open: async () => ({ ...database, prisma: failing, sql: failingSql }) },
    });
    const query = 'query { transaction(by: { idempotencyKey: "a" }) { id } server { version } }';
    const url = `${broken.url}/graphql`;
    const headers = { ...authorized, ...json };
    const body = JSON.stringify({ query });
    const posted = await fetch(url, { method: 'POST', headers, body });
    const requestId = posted.headers.get('x-request-id');
    const streamed = await fetch(url, {
      method: 'POST',
      headers: { ...headers, accept: 'text/event-stream' },
      body: JSON.stringify({
        query: `subscription { paymentStatus(transactionId: "${Buffer.from(
          'Transaction:0192f0c1-2f3a-7000-8000-000000000000',
        ).toString('base64')}") { status } }`,
      }),
    });
    const texts = [await posted.text(), await streamed.text()];
    const { errors, data } = JSON.parse(texts[0] ?? '') as {
      errors: { message: string; path: string[]; extensions: object }[];
      data: unknown;
    };
    expect(data).toMatchObject({ transaction: null, server: { version: expect.any(String) } });
    expect(errors).toEqual([
      {
        message: 'Something went wrong here. Quote the request id when you report it.',
        locations: expect.any(Array),
        path: ['transaction'],
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
      },
    ]);
    expect(texts[1]).toContain('INTERNAL_SERVER_ERROR');

    const socket = broken.socket();
    for await (const result of socket.iterate({ query })) texts.push(JSON.stringify(result));
    await socket.dispose();
    expect(texts[2]).toContain('INTERNAL_SERVER_ERROR');
    for (const text of texts) {
      expect(text).toMatch(/"requestId":"[0-9a-f-]{36}"/);
      expect(text).not.toMatch(/hunter2|db\.internal|relation|stack|originalError|\.ts/);
    }
  });
});
