import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOfKey } from '../../src/access/keys/hash-of-key.ts';
import { scopes as allScopes, type Scope } from '../../src/access/scopes.ts';
import { issueKey } from '../support/keys.ts';
import { paymentInput, reservedPayer, rowId, TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await TestApp.start();
});
afterAll(() => test[Symbol.asyncDispose]());

const apiKey = '{ id name clientName scopes hint createdAt expiresAt lastUsedAt revokedAt }';
const documents = {
  createApiKey: `mutation ($input: CreateApiKeyInput!) { done: createApiKey(input: $input) {
    apiKey ${apiKey} key userErrors { code path } } }`,
  rotateApiKey: `mutation ($id: ID!, $overlap: Int) { done: rotateApiKey(id: $id, overlapSeconds: $overlap) {
    apiKey ${apiKey} key predecessor ${apiKey} userErrors { code path } } }`,
  revokeApiKey: `mutation ($id: ID!) { done: revokeApiKey(id: $id) { apiKey ${apiKey} userErrors { code path } } }`,
  apiKeys: `query ($client: String, $active: Boolean, $first: Int, $after: String) {
    done: apiKeys(clientName: $client, isActive: $active, first: $first, after: $after) {
      nodes ${apiKey} edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
};
type Name = keyof typeof documents;

type Shown = Record<'id' | 'name' | 'clientName' | 'hint' | 'createdAt', string> & {
  scopes: string[];
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
};
type Done = {
  apiKey: Shown | null;
  key: string | null;
  predecessor: Shown | null;
  userErrors: { code: string; path: string[] }[];
  nodes: Shown[];
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null };
};

async function ask(name: Name, variables: object, credential?: string): Promise<Done> {
  const { data, errors } = await test.graphql(documents[name], { ...variables }, credential);
  expect(errors).toEqual([]);
  return data?.['done'] as Done;
}

let clients = 0;
const input = (changes: object = {}) => {
  clients += 1;
  return { clientName: `Shop ${String(clients)}`, name: 'till', scopes: ['payments:read'], ...changes };
};

async function create(changes: object = {}): Promise<{ key: string; shown: Shown }> {
  const { key, apiKey: shown, userErrors } = await ask('createApiKey', { input: input(changes) });
  if (key === null || shown === null) throw new Error(JSON.stringify(userErrors));
  return { key, shown };
}

const serves = async (key: string): Promise<boolean> =>
  (await test.graphql('{ server { version } }', {}, key)).status === 200;

const variablesOf: Record<Name, (id: string) => object> = {
  createApiKey: () => ({ input: input() }),
  rotateApiKey: (id) => ({ id }),
  revokeApiKey: (id) => ({ id }),
  apiKeys: () => ({}),
};

describe.each(Object.keys(documents) as Name[])('%s', (name) => {
  it.each<[string, Scope[]]>([
    ['no scope', []],
    ['every scope but admin', allScopes.filter((scope) => scope !== 'admin')],
  ])('is FORBIDDEN to a key with %s', async (_, scopes) => {
    const { shown } = await create();
    const { key } = await issueKey(test.prisma, scopes);
    const before = await test.prisma.apiKey.findMany({ orderBy: { id: 'asc' } });
    const { errors } = await test.graphql(documents[name], { ...variablesOf[name](shown.id) }, key);
    expect(errors).toMatchObject([
      { message: expect.stringContaining('admin'), path: ['done'], extensions: { code: 'FORBIDDEN' } },
    ]);
    const after = await test.prisma.apiKey.findMany({ orderBy: { id: 'asc' } });
    expect(after.map(({ revokedAt, successorId }) => [revokedAt, successorId])).toEqual(
      before.map(({ revokedAt, successorId }) => [revokedAt, successorId]),
    );
  });

  it('is FORBIDDEN to a watch token', async () => {
    const { watchToken } = await test.initiate({ phoneNumber: reservedPayer(28) });
    const { shown } = await create();
    const { errors } = await test.graphql(documents[name], { ...variablesOf[name](shown.id) }, watchToken);
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});

it('a key that is made opens what its scopes say, until its end, and is told once', async () => {
  const expiresAt = '2999-01-01T00:00:00.000Z';
  const scopes = ['payments:initiate', 'payments:read'];
  const { key, shown } = await create({ clientName: 'Duka', name: 'till 7', scopes, expiresAt });
  expect(shown).toMatchObject({
    name: 'till 7',
    clientName: 'Duka',
    scopes,
    expiresAt,
    lastUsedAt: null,
    revokedAt: null,
  });
  expect(key.startsWith(shown.hint)).toBe(true);
  const asked = await test.graphql(
    'mutation ($input: InitiateStkPushInput!) { initiateStkPush(input: $input) { transaction { phoneNumber } } }',
    { input: paymentInput() },
    key,
  );
  expect(asked.data).toEqual({ initiateStkPush: { transaction: { phoneNumber: '254712345678' } } });
  const listed = await ask('apiKeys', { client: 'Duka' });
  expect(listed.nodes.map(({ id }) => id)).toEqual([shown.id]);
  expect(JSON.stringify(listed)).not.toContain(key);
});

it('what is wrong with a key to be made is told at once, field by field', async () => {
  const bad = { clientName: '', name: '\n', scopes: ['root'], expiresAt: '2020-01-01T00:00:00Z' };
  expect(await ask('createApiKey', { input: bad })).toEqual({
    apiKey: null,
    key: null,
    userErrors: [
      { code: 'INVALID_NAME', path: ['input', 'clientName'] },
      { code: 'INVALID_NAME', path: ['input', 'name'] },
      { code: 'INVALID_SCOPES', path: ['input', 'scopes'] },
      { code: 'INVALID_EXPIRY', path: ['input', 'expiresAt'] },
    ],
  });
});

it('a key with admin alone can make others like it and no better', async () => {
  const admin = await create({ scopes: ['admin'] });
  const target = await create({ scopes: ['payments:manage'] });
  const made = await ask('createApiKey', { input: input({ scopes: ['payments:read'] }) }, admin.key);
  expect(made).toMatchObject({
    key: null,
    userErrors: [{ code: 'SCOPE_NOT_HELD', path: ['input', 'scopes'] }],
  });
  const rotated = await ask('rotateApiKey', { id: target.shown.id }, admin.key);
  expect(rotated).toMatchObject({ key: null, userErrors: [{ code: 'SCOPE_NOT_HELD', path: ['id'] }] });
  expect((await ask('createApiKey', { input: input({ scopes: ['admin'] }) }, admin.key)).key).not.toBeNull();
  // To take away needs no more.
  expect(await ask('revokeApiKey', { id: target.shown.id }, admin.key)).toMatchObject({ userErrors: [] });
});

it('a rotated key and its successor are both taken, for a day unless told otherwise', async () => {
  const old = await create();
  const rotated = await ask('rotateApiKey', { id: old.shown.id });
  expect(rotated.apiKey).toMatchObject({ clientName: old.shown.clientName, expiresAt: null });
  const hours = (Date.parse(rotated.predecessor?.expiresAt ?? '') - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(23.9);
  expect(hours).toBeLessThanOrEqual(24);
  expect([await serves(old.key), await serves(rotated.key ?? '')]).toEqual([true, true]);
  expect(await ask('rotateApiKey', { id: old.shown.id })).toMatchObject({
    apiKey: null,
    predecessor: { id: old.shown.id },
    userErrors: [{ code: 'KEY_NOT_ACTIVE', path: ['id'] }],
  });
  const next = await ask('rotateApiKey', { id: rotated.apiKey?.id, overlap: 0 });
  expect([await serves(rotated.key ?? ''), await serves(next.key ?? '')]).toEqual([false, true]);
});

it('a revoked key opens nothing from that moment', async () => {
  const { key, shown } = await create();
  expect(await serves(key)).toBe(true);
  const { apiKey: revoked } = await ask('revokeApiKey', { id: shown.id });
  expect(revoked?.revokedAt).not.toBeNull();
  expect(await serves(key)).toBe(false);
  expect((await ask('revokeApiKey', { id: shown.id })).apiKey).toEqual(revoked);
});

it.each(['rotateApiKey', 'revokeApiKey'] as const)(
  '%s finds nothing for an id that is none',
  async (name) => {
    const id = '0192f0c1-2f3a-7000-8000-000000000000';
    for (const unknown of [
      btoa(`ApiKey:${id}`),
      id,
      '',
      'x',
      btoa(`Transaction:${id}`),
      btoa(`ApiKey:${id}\0`),
    ])
      expect(await ask(name, { id: unknown })).toMatchObject({
        apiKey: null,
        userErrors: [{ code: 'NOT_FOUND', path: ['id'] }],
      });
  },
);

it('keys are listed page by page, those of the configuration not among them', async () => {
  const clientName = 'Three tills';
  const made = [await create({ clientName }), await create({ clientName }), await create({ clientName })];
  await ask('revokeApiKey', { id: made[1]?.shown.id });
  const idOf = (index: number) => made[index]?.shown.id;
  const first = await ask('apiKeys', { client: clientName, first: 2 });
  expect(first.nodes.map(({ id }) => id)).toEqual([idOf(2), idOf(1)]);
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  const second = await ask('apiKeys', { client: clientName, first: 2, after: first.pageInfo.endCursor });
  expect(second.edges.map(({ node }) => node.id)).toEqual([idOf(0)]);
  expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  const active = await ask('apiKeys', { client: clientName, active: true });
  expect(active.nodes.map(({ id }) => id)).toEqual([idOf(2), idOf(0)]);
  for (const client of ['bootstrap', 'development', 'nobody', '\0'])
    expect((await ask('apiKeys', { client })).nodes).toEqual([]);
});

it.each([{ first: 0 }, { first: 101 }, { first: -1 }, { after: 'x' }])(
  '%j is no page of keys',
  async (page) => {
    const { errors } = await test.graphql(documents.apiKeys, page);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  },
);

it('when a key was last used is shown soon after', async () => {
  const { key, shown } = await create();
  await serves(key);
  const lastUse = async () => (await ask('apiKeys', { client: shown.clientName })).nodes[0]?.lastUsedAt;
  await expect.poll(lastUse, { timeout: 20_000 }).not.toBeNull();
});

describe('by its global id, a key', () => {
  const node = `query ($id: ID!) { found: node(id: $id) { __typename id ... on ApiKey { name } } }`;
  const nodes = `query ($ids: [ID!]!) { found: nodes(ids: $ids) { __typename id } }`;

  it('is found by admin', async () => {
    const { shown } = await create();
    const { data, errors } = await test.graphql(node, { id: shown.id });
    expect({ data, errors }).toEqual({
      data: { found: { __typename: 'ApiKey', id: shown.id, name: 'till' } },
      errors: [],
    });
    const admin = await create({ scopes: ['admin'] });
    expect((await test.graphql(node, { id: shown.id }, admin.key)).data).toMatchObject({
      found: { id: shown.id },
    });
  });

  it.each<[string, Scope[]]>([
    ['payments:read', ['payments:read']],
    ['every scope but admin', allScopes.filter((scope) => scope !== 'admin')],
  ])('is no different from none to a key with %s, its own included', async (_, scopes) => {
    const { key } = await issueKey(test.prisma, scopes);
    const own = await test.prisma.apiKey.findUniqueOrThrow({ where: { keyHash: hashOfKey(key) } });
    for (const id of [(await create()).shown.id, btoa(`ApiKey:${own.id}`), btoa(`ApiKey:${own.clientId}`)]) {
      expect(await test.graphql(node, { id }, key)).toMatchObject({ data: { found: null }, errors: [] });
      expect(await test.graphql(nodes, { ids: [id] }, key)).toMatchObject({
        data: { found: [null] },
        errors: [],
      });
    }
  });

  it('is no different from none to a watch token', async () => {
    const { watchToken } = await test.initiate({ phoneNumber: reservedPayer(28) });
    const { shown } = await create();
    const { data, errors } = await test.graphql(node, { id: shown.id }, watchToken);
    expect({ data, errors }).toEqual({ data: { found: null }, errors: [] });
    expect((await test.graphql(nodes, { ids: [shown.id] }, watchToken)).errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN' } },
    ]);
  });

  it('stands beside payments, and an id is of its own type alone', async () => {
    const { shown } = await create();
    const id = await test.pay({ phoneNumber: reservedPayer(28) });
    const uuid = Buffer.from(shown.id, 'base64').toString().replace('ApiKey:', '');
    const ids = [id, shown.id, btoa(`Transaction:${uuid}`), btoa(`ApiKey:${rowId(id)}`), 'x'];
    const { data, errors } = await test.graphql(nodes, { ids });
    expect({ data, errors }).toEqual({
      data: {
        found: [{ __typename: 'Transaction', id }, { __typename: 'ApiKey', id: shown.id }, null, null, null],
      },
      errors: [],
    });
  });
});
