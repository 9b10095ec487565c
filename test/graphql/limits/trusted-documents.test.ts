import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transports, type Request } from '../../attacks/support/transports.ts';
import { readConfig } from '../../../src/config/config.ts';
import { TestApp, testKey } from '../../support/test-app.ts';

const listed = 'query Version { server { environment } }';
const withVariables = 'query Find($key: String!) { transaction(by: { idempotencyKey: $key }) { id } }';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const trustedDocuments = new Map([listed, withVariables].map((text) => [sha256(text), text]));

let test: TestApp;
let open: TestApp;
beforeAll(async () => {
  const { gate } = readConfig({});
  test = await TestApp.start({ config: { gate: { ...gate, trustedDocuments } } });
  open = await TestApp.start();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
  await open[Symbol.asyncDispose]();
});

const answer = { data: { server: { environment: 'SIMULATOR' } }, errors: [] };

describe.each(transports)('where only listed documents are run, over $name', ({ ask }) => {
  it.each<[string, Request]>([
    ['its text', { query: listed }],
    ['its id', { query: '', documentId: sha256(listed) }],
    ['its id with the name of the hash', { query: '', documentId: `sha256:${sha256(listed)}` }],
    ['its hash', { query: '', extensions: { persistedQuery: { version: 1, sha256Hash: sha256(listed) } } }],
    ['its text and its id', { query: listed, documentId: sha256(listed) }],
  ])('one that is listed is run by %s', async (_, request) => {
    expect(await ask(test, request)).toEqual(answer);
  });

  it('its variables are the caller’s', async () => {
    const request = { query: '', documentId: sha256(withVariables), variables: { key: 'none' } };
    expect(await ask(test, request)).toEqual({ data: { transaction: null }, errors: [] });
  });

  it.each<[string, Request]>([
    ['a text that is not listed', { query: '{ server { version } }' }],
    ['a listed text with a space more', { query: `${listed} ` }],
    ['no text', { query: '' }],
    ['the introspection', { query: '{ __schema { types { name } } }' }],
    ['an unknown id', { query: '', documentId: sha256('x') }],
    ['an id that is a name of JavaScript', { query: '', documentId: '__proto__' }],
    ['an id that is no text', { query: '', documentId: 7 }],
    ['a hash that is no text', { query: '', extensions: { persistedQuery: { sha256Hash: {} } } }],
    ['a listed id beside another text', { query: '{ server { version } }', documentId: sha256(listed) }],
    [
      'a text that wants to be listed',
      {
        query: '{ server { version } }',
        extensions: { persistedQuery: { sha256Hash: sha256('{ server { version } }') } },
      },
    ],
  ])('%s is refused', async (_, request) => {
    expect(await ask(test, request)).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });
});

it('over HTTP an id needs no text', async () => {
  const post = (app: TestApp, body: object) =>
    fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${testKey}` },
      body: JSON.stringify(body),
    });
  expect(await (await post(test, { documentId: sha256(listed) })).json()).toEqual({ data: answer.data });
  expect((await post(test, { documentId: sha256('x') })).status).toBe(403);
  expect((await post(open, { documentId: sha256(listed) })).status).toBe(400);
});
