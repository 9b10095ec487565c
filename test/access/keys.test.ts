import { describe, expect, it, beforeAll } from 'vitest';
import { createAuthenticate, type Authenticate } from '../../src/access/authenticate.ts';
import { developmentClient, ensureFixedClients } from '../../src/access/fixed-clients.ts';
import { createKey, type KeyDeps } from '../../src/access/keys/create-key.ts';
import { findKeyPage } from '../../src/access/keys/find-keys.ts';
import type { IssuedKey } from '../../src/access/keys/issue-key.ts';
import { createKeyRows } from '../../src/access/keys/key-rows.ts';
import { createKeyUse } from '../../src/access/keys/key-use.ts';
import type { KeyInput } from '../../src/access/keys/key-rules.ts';
import { revokeKey } from '../../src/access/keys/revoke-key.ts';
import { rotateKey, type Rotation } from '../../src/access/keys/rotate-key.ts';
import { scopes, type Scope } from '../../src/access/scopes.ts';
import type { Environment } from '../../src/config/environment.ts';
import { onEachDatabase } from '../support/test-database.ts';

const start = new Date('2026-11-24T07:10:00Z');
const every: ReadonlySet<Scope> = new Set(scopes);
const askedWith = (held: ReadonlySet<Scope>) => ({ clientId: developmentClient.id, scopes: held });
const daysLater = (days: number) => new Date(start.getTime() + days * 86_400_000);

onEachDatabase('a key', (opened) => {
  let now = start;
  let names = 0;
  const clock = { now: () => now };
  const depsIn = (environment: Environment): KeyDeps => ({ prisma: opened().prisma, clock, environment });
  const openedIn = (environment: Environment) => ({
    keyByHash: createKeyRows(opened().sql),
    clock,
    environment,
    configuredKeys: [],
    watchTokenKeys: [],
  });
  const authenticateIn = (environment: Environment): Authenticate =>
    createAuthenticate({ ...openedIn(environment), used: () => {} });
  const opens = async ({ key }: IssuedKey, environment: Environment = 'SANDBOX') =>
    (await authenticateIn(environment)(key.reveal())) !== null;

  beforeAll(() => ensureFixedClients(opened().prisma));

  const input = (changes: Partial<KeyInput> = {}): KeyInput => {
    names += 1;
    return { clientName: `Shop ${String(names)}`, name: 'till 1', scopes: ['payments:read'], ...changes };
  };

  async function make(changes: Partial<KeyInput> = {}, environment: Environment = 'SANDBOX') {
    const created = await createKey(depsIn(environment), askedWith(every), input(changes));
    if ('refusals' in created) throw new Error(JSON.stringify(created.refusals));
    return created.issued;
  }

  async function refusalsOf(changes: Partial<KeyInput>, held = every) {
    const before = [await opened().prisma.apiKey.count(), await opened().prisma.client.count()];
    const created = await createKey(depsIn('SANDBOX'), askedWith(held), input(changes));
    expect([await opened().prisma.apiKey.count(), await opened().prisma.client.count()]).toEqual(before);
    return 'refusals' in created ? created.refusals.map(({ code, field }) => [code, field]) : [];
  }

  describe('that is made', () => {
    it.each<[Environment, RegExp]>([
      ['SIMULATOR', /^mlp_test_[\w-]{32}$/],
      ['SANDBOX', /^mlp_test_[\w-]{32}$/],
      ['PRODUCTION', /^mlp_live_[\w-]{32}$/],
    ])('in %s says whether it moves money', async (environment, shape) => {
      const issued = await make({}, environment);
      expect(issued.key.reveal()).toMatch(shape);
      expect(issued.key.reveal().startsWith(issued.stored.hint)).toBe(true);
      expect(issued.stored.hint).toHaveLength('mlp_test_'.length + 4);
      expect(await opens(issued, environment)).toBe(true);
      expect(await opens(issued, environment === 'PRODUCTION' ? 'SANDBOX' : 'PRODUCTION')).toBe(false);
    });

    it('is stored nowhere', async () => {
      const { key } = await make();
      const rows = await opened().prisma.apiKey.findMany({ include: { client: true } });
      expect(JSON.stringify(rows)).not.toContain(key.reveal());
      expect(JSON.stringify(await make())).not.toMatch(/mlp_test_[\w-]{5}/);
    });

    it('belongs to the client of its name, also when two are made at once', async () => {
      const clientName = 'The one shop';
      const made = await Promise.all([make({ clientName }), make({ clientName: ` ${clientName} ` })]);
      expect(new Set(made.map(({ stored }) => stored.client.id)).size).toBe(1);
      const development = await make({ clientName: developmentClient.name });
      expect(development.stored.client).toEqual(developmentClient);
    });

    it('has the scopes that were asked for, each once', async () => {
      const { stored } = await make({ scopes: ['metrics', 'payments:read', 'metrics'] });
      expect(stored.scopes).toEqual(['payments:read', 'metrics']);
    });

    it.each<[string, Partial<KeyInput>, string[][]]>([
      ['without a name', { name: ' ' }, [['INVALID_NAME', 'name']]],
      ['of nobody', { clientName: '' }, [['INVALID_NAME', 'clientName']]],
      ['with too long a name', { name: 'x'.repeat(101) }, [['INVALID_NAME', 'name']]],
      ['with a name on two lines', { name: 'a\nb' }, [['INVALID_NAME', 'name']]],
      ['with a name that moves a cursor', { clientName: 'a\u001b[2J' }, [['INVALID_NAME', 'clientName']]],
      ['with a name that turns the line', { name: 'a\u202Eb' }, [['INVALID_NAME', 'name']]],
      ['with NUL in its name', { name: 'a\0' }, [['INVALID_NAME', 'name']]],
      ['without a scope', { scopes: [] }, [['INVALID_SCOPES', 'scopes']]],
      ['with a scope that there is not', { scopes: ['root'] }, [['INVALID_SCOPES', 'scopes']]],
      ['that ended before it began', { expiresAt: start }, [['INVALID_EXPIRY', 'expiresAt']]],
      [
        'wrong in all of these',
        { clientName: '', name: '', scopes: [], expiresAt: new Date(0) },
        [
          ['INVALID_NAME', 'clientName'],
          ['INVALID_NAME', 'name'],
          ['INVALID_SCOPES', 'scopes'],
          ['INVALID_EXPIRY', 'expiresAt'],
        ],
      ],
    ])('%s is refused, and nothing is stored', async (_, changes, refusals) => {
      expect(await refusalsOf(changes)).toEqual(refusals);
    });

    it('gets no scope that the key lacks which makes it', async () => {
      const held = new Set<Scope>(['admin', 'payments:read']);
      expect(await refusalsOf({ scopes: ['payments:read', 'payments:manage'] }, held)).toEqual([
        ['SCOPE_NOT_HELD', 'scopes'],
      ]);
      const made = await createKey(depsIn('SANDBOX'), askedWith(held), input({ scopes: [...held] }));
      expect(made).toHaveProperty('issued');
    });

    it('opens the payments of another client only when payments:manage makes it', async () => {
      const { client } = (await make()).stored;
      const held = new Set<Scope>(['admin', 'payments:read']);
      const changes: Partial<KeyInput> = { clientName: client.name, scopes: ['payments:read'] };
      expect(await refusalsOf(changes, held)).toEqual([['SCOPE_NOT_HELD', 'clientName']]);
      expect(await make(changes)).toHaveProperty('key');
    });
  });

  describe('that is rotated', () => {
    const rotate = (id: string, overlapSeconds = 3_600, held = every) =>
      rotateKey(depsIn('SANDBOX'), askedWith(held), { id, overlapSeconds });
    const issuedBy = (rotation: Rotation): IssuedKey => {
      if ('refusal' in rotation) throw new Error(rotation.refusal.message);
      return rotation.issued;
    };
    const codeOf = (rotation: Rotation) => ('refusal' in rotation ? rotation.refusal.code : null);

    it('hands on its client, name and scopes, and goes on for the overlap', async () => {
      now = start;
      const old = await make({ scopes: ['payments:initiate', 'payments:read'] });
      const next = issuedBy(await rotate(old.stored.id));
      const { client, name, scopes: handedOn } = old.stored;
      expect(next.stored).toMatchObject({ client, name, scopes: handedOn, expiresAt: null });
      expect([await opens(old), await opens(next)]).toEqual([true, true]);
      now = new Date(start.getTime() + 3_600_000);
      expect([await opens(old), await opens(next)]).toEqual([false, true]);
      now = start;
    });

    it('hands on how long it was to live, and lives no longer itself', async () => {
      now = start;
      const old = await make({ expiresAt: daysLater(90) });
      now = daysLater(89.99);
      const rotation = await rotate(old.stored.id, 86_400);
      expect(issuedBy(rotation).stored.expiresAt).toEqual(daysLater(179.99));
      expect(rotation).toMatchObject({ predecessor: { expiresAt: daysLater(90) } });
      now = start;
    });

    it('without an overlap opens nothing any longer', async () => {
      const old = await make();
      await rotate(old.stored.id, 0);
      expect(await opens(old)).toBe(false);
    });

    it('twice at once has one successor', async () => {
      const old = await make();
      const rotations = await Promise.all([rotate(old.stored.id), rotate(old.stored.id)]);
      expect(rotations.map(codeOf).toSorted()).toEqual(['KEY_NOT_ACTIVE', null]);
      const { clientId } = await opened().prisma.apiKey.findUniqueOrThrow({ where: { id: old.stored.id } });
      expect(await opened().prisma.apiKey.count({ where: { clientId } })).toBe(2);
    });

    it('and rotated again is refused; its successor is not', async () => {
      const old = await make();
      const next = issuedBy(await rotate(old.stored.id));
      expect(codeOf(await rotate(old.stored.id))).toBe('KEY_NOT_ACTIVE');
      expect(codeOf(await rotate(next.stored.id))).toBeNull();
    });

    it('after it was revoked or has expired is refused', async () => {
      const [revoked, expired] = [await make(), await make({ expiresAt: daysLater(1) })];
      await revokeKey(depsIn('SANDBOX'), revoked.stored.id);
      expect(codeOf(await rotate(revoked.stored.id))).toBe('KEY_NOT_ACTIVE');
      now = daysLater(1);
      expect(codeOf(await rotate(expired.stored.id))).toBe('KEY_NOT_ACTIVE');
      now = start;
    });

    it('by a key that lacks one of its scopes is refused: the successor would be a way to it', async () => {
      const old = await make({ scopes: ['payments:manage'] });
      expect(codeOf(await rotate(old.stored.id, 60, new Set(['admin'])))).toBe('SCOPE_NOT_HELD');
      expect(await opens(old)).toBe(true);
    });

    it.each([-1, 2_592_001])('for an overlap of %i s is refused', async (overlapSeconds) => {
      const old = await make();
      expect(codeOf(await rotate(old.stored.id, overlapSeconds))).toBe('INVALID_OVERLAP');
    });

    it('and is not there is refused', async () => {
      expect(codeOf(await rotate('0192f0c1-2f3a-7000-8000-000000000000'))).toBe('NOT_FOUND');
    });
  });

  it('that is revoked opens nothing, and stays as it is when that is done again', async () => {
    const issued = await make();
    const revoked = await revokeKey(depsIn('SANDBOX'), issued.stored.id);
    expect(revoked?.revokedAt).toEqual(start);
    now = daysLater(1);
    expect(await revokeKey(depsIn('SANDBOX'), issued.stored.id)).toEqual(revoked);
    now = start;
    expect(await opens(issued)).toBe(false);
  });

  it('is listed newest first, page by page, also those that opened once', async () => {
    const clientName = 'Many tills';
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      now = new Date(start.getTime() + index);
      made.unshift(
        (await make({ clientName, ...(index === 1 ? { expiresAt: daysLater(1) } : {}) })).stored.id,
      );
    }
    await revokeKey(depsIn('SANDBOX'), made[0] ?? '');
    now = daysLater(1);
    const list = async (isActive: boolean | null, take: number, after?: string) => {
      const page = await findKeyPage(depsIn('SANDBOX'), { clientName, isActive }, { take, after });
      return [page.rows.map(({ id }) => made.indexOf(id)), page.hasMore, page.hasEarlier];
    };
    expect(await list(null, 2)).toEqual([[0, 1], true, false]);
    expect(await list(null, 2, made[1])).toEqual([[2, 3], true, true]);
    expect(await list(null, 2, made[3])).toEqual([[4], false, true]);
    expect(await list(true, 10)).toEqual([[1, 2, 4], false, false]);
    expect(await list(false, 10)).toEqual([[0, 3], false, false]);
    now = start;
  });

  describe('that is used', () => {
    const lastUse = async ({ stored }: IssuedKey) =>
      (await opened().prisma.apiKey.findUniqueOrThrow({ where: { id: stored.id } })).lastUsedAt;
    const seconds = (count: number) => new Date(start.getTime() + count * 1_000);

    it('has it written down, once a minute at most and in one statement for all', async () => {
      const use = createKeyUse(depsIn('SANDBOX'));
      const [one, other] = [await make(), await make()];
      const authenticate = createAuthenticate({
        ...openedIn('SANDBOX'),
        used: (key) => use.note(key),
      });
      const useAt = async (at: Date, ...keys: IssuedKey[]) => {
        now = at;
        for (const { key } of keys) await authenticate(key.reveal());
        await use.write();
        return Promise.all([one, other].map(lastUse));
      };
      expect(await useAt(seconds(0), one)).toEqual([seconds(0), null]);
      expect(await useAt(seconds(59), one, other)).toEqual([seconds(0), seconds(59)]);
      expect(await useAt(seconds(60), one, other)).toEqual([seconds(60), seconds(59)]);
      now = start;
    });

    it('has it written once where two processes saw it', async () => {
      const issued = await make();
      const processes = [createKeyUse(depsIn('SANDBOX')), createKeyUse(depsIn('SANDBOX'))];
      for (const [index, use] of processes.entries()) {
        now = seconds(index * 10);
        use.note({ id: issued.stored.id, lastUsedAt: null });
        await use.write();
      }
      expect(await lastUse(issued)).toEqual(seconds(0));
      now = start;
    });

    it('keeps what could not be written for the next round', async () => {
      const issued = await make();
      const { prisma } = opened();
      let isAway = true;
      const executeRaw: typeof prisma.$executeRaw = (...args) => {
        if (isAway) throw new Error('away');
        return prisma.$executeRaw(...args);
      };
      const flaky = { prisma: { ...prisma, $executeRaw: executeRaw } as typeof prisma, clock };
      const use = createKeyUse(flaky);
      use.note({ id: issued.stored.id, lastUsedAt: null });
      await expect(use.write()).rejects.toThrow('away');
      isAway = false;
      await use.write();
      expect(await lastUse(issued)).toEqual(start);
    });
  });
});
