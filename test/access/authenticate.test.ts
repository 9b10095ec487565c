import { createSecretKey } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuthenticate, type Authenticate } from '../../src/access/authenticate.ts';
import { bootstrapClient, developmentClient, ensureFixedClients } from '../../src/access/fixed-clients.ts';
import { hashOfKey } from '../../src/access/keys/hash-of-key.ts';
import { createKeyRows } from '../../src/access/keys/key-rows.ts';
import type { UsedKey } from '../../src/access/keys/key-use.ts';
import { scopes } from '../../src/access/scopes.ts';
import { maySeePhoneNumber, sightOf, type Viewer } from '../../src/access/viewer.ts';
import { makeWatchToken } from '../../src/access/watch-token.ts';
import type { Environment } from '../../src/config/environment.ts';
import type { ApiKeyUncheckedCreateInput } from '../../src/database/generated/prisma/models/ApiKey.ts';
import { newId } from '../../src/lib/ids.ts';
import { onEachDatabase } from '../support/test-database.ts';

const now = new Date('2026-11-24T07:10:00Z');
const watchTokenKey = createSecretKey(Buffer.alloc(32, 1));
const configured = { key: 'the-bootstrap-key.of.dots', clientId: bootstrapClient.id };

onEachDatabase('a credential', (opened) => {
  let authenticate: Authenticate;
  let used: UsedKey[];
  const authenticateIn = (environment: Environment): Authenticate =>
    createAuthenticate({
      keyByHash: createKeyRows(opened().sql),
      clock: { now: () => now },
      environment,
      configuredKeys: [configured],
      watchTokenKeys: [watchTokenKey],
      used: (key) => used.push(key),
    });
  beforeAll(async () => {
    await ensureFixedClients(opened().prisma);
    authenticate = authenticateIn('SANDBOX');
  });
  beforeEach(async () => {
    used = [];
    await opened().prisma.apiKey.deleteMany();
  });

  /** Stores the key `mlp_test_1`. */
  async function storeKey(columns: Partial<ApiKeyUncheckedCreateInput> = {}) {
    const key = {
      id: newId(now),
      clientId: developmentClient.id,
      name: 'till 1',
      keyHash: hashOfKey('mlp_test_1'),
    };
    await opened().prisma.apiKey.create({ data: { ...key, scopes: ['payments:read'], ...columns } });
  }

  it('from the configuration opens everything for its client', async () => {
    expect(await authenticate(configured.key)).toEqual({
      kind: 'client',
      clientId: bootstrapClient.id,
      keyId: null,
      scopes: new Set(scopes),
    });
  });

  it('from the configuration is taken as it is, whatever it begins with', async () => {
    for (const environment of ['SIMULATOR', 'SANDBOX', 'PRODUCTION'] as const)
      expect(await authenticateIn(environment)(configured.key)).not.toBeNull();
  });

  it.each<[string, Environment, boolean]>([
    ['mlp_test_1', 'SIMULATOR', true],
    ['mlp_test_1', 'SANDBOX', true],
    ['mlp_test_1', 'PRODUCTION', false],
    ['mlp_live_1', 'SIMULATOR', false],
    ['mlp_live_1', 'SANDBOX', false],
    ['mlp_live_1', 'PRODUCTION', true],
    ['a key without a prefix', 'SANDBOX', false],
  ])('that is %s in %s opens: %s', async (key, environment, opens) => {
    await storeKey({ keyHash: hashOfKey(key) });
    expect((await authenticateIn(environment)(key)) !== null).toBe(opens);
  });

  it('that is a key is told to be used when it opens, and not otherwise', async () => {
    await storeKey({ lastUsedAt: now });
    await authenticate('mlp_test_1');
    expect(used).toMatchObject([{ lastUsedAt: now }]);
    await opened().prisma.apiKey.updateMany({ data: { revokedAt: now } });
    await authenticate('mlp_test_1');
    await authenticate('mlp_test_2');
    await authenticate(configured.key);
    expect(used).toHaveLength(1);
  });

  it('that is a key opens what its scopes say', async () => {
    await storeKey({ scopes: ['payments:read', 'metrics'] });
    expect(await authenticate('mlp_test_1')).toEqual({
      kind: 'client',
      clientId: developmentClient.id,
      keyId: (await opened().prisma.apiKey.findFirstOrThrow()).id,
      scopes: new Set(['payments:read', 'metrics']),
    });
  });

  it('that is a key has no scope that Malipo does not know', async () => {
    await storeKey({ scopes: ['payments:read', 'root'] });
    expect(await authenticate('mlp_test_1')).toMatchObject({ scopes: new Set(['payments:read']) });
  });

  it('that is a key opens until it expires', async () => {
    await storeKey({ expiresAt: new Date(now.getTime() + 1) });
    expect(await authenticate('mlp_test_1')).not.toBeNull();
  });

  it.each<[string, Partial<ApiKeyUncheckedCreateInput>]>([
    ['expired', { expiresAt: now }],
    ['revoked', { revokedAt: now }],
    ['revoked and not expired', { revokedAt: now, expiresAt: new Date('2030-01-01T00:00:00Z') }],
  ])('that is %s opens nothing', async (_, columns) => {
    await storeKey(columns);
    expect(await authenticate('mlp_test_1')).toBeNull();
  });

  it.each(['', 'mlp_test_2', 'MLP_TEST_1', 'mlp_test_1 ', 'a.b.c', `${configured.key}x`])(
    'that nobody was given opens nothing (%j)',
    async (credential) => {
      await storeKey();
      expect(await authenticate(credential)).toBeNull();
    },
  );

  it('that is the stored hash of a key opens nothing', async () => {
    await storeKey();
    expect(await authenticate(hashOfKey('mlp_test_1'))).toBeNull();
  });

  it('that is a watch token opens one payment', async () => {
    const transactionId = newId(now);
    const { watchToken, watchTokenExpiresAt: expiresAt } = await makeWatchToken(
      watchTokenKey,
      transactionId,
      now,
    );
    expect(await authenticate(watchToken)).toEqual({ kind: 'watcher', transactionId, expiresAt });
  });

  it('that is an expired watch token opens nothing', async () => {
    const { watchToken } = await makeWatchToken(watchTokenKey, newId(now), new Date('2026-11-20T00:00:00Z'));
    expect(await authenticate(watchToken)).toBeNull();
  });
});

describe('a viewer', () => {
  const client = (...held: (typeof scopes)[number][]): Viewer => ({
    kind: 'client',
    clientId: 'a',
    keyId: null,
    scopes: new Set(held),
  });
  const watcher: Viewer = { kind: 'watcher', transactionId: 't', expiresAt: now };

  it.each([
    ['one payment with a watch token', watcher, { transactionId: 't' }],
    ['its client\u2019s payments with payments:read', client('payments:read'), { clientId: 'a' }],
    ['everyone\u2019s with payments:manage', client('payments:manage'), { everyClient: true }],
    ['none with other scopes', client('payments:initiate', 'metrics', 'admin'), null],
  ])('sees %s', (_, viewer, sight) => {
    expect(sightOf(viewer)).toEqual(sight);
  });

  it.each([
    ['whole to the client that made the payment', client(), 'a', true],
    ['masked to another client', client('payments:read'), 'b', false],
    ['whole to payments:manage', client('payments:manage'), 'b', true],
    ['masked to a watcher', watcher, 'a', false],
  ])('sees a phone number %s', (_, viewer, clientId, whole) => {
    expect(maySeePhoneNumber(viewer, { clientId })).toBe(whole);
  });
});
