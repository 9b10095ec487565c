import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it, vi } from 'vitest';
import { closeEnded } from '../../src/access/connections/close-ended.ts';
import type { Connection, Ending } from '../../src/access/connections/connection.ts';
import { hashOfKey } from '../../src/access/keys/hash-of-key.ts';
import type { Viewer } from '../../src/access/viewer.ts';
import { issueKey } from '../support/keys.ts';
import { onEachDatabase } from '../support/test-database.ts';

const now = new Date('2026-11-24T07:10:00Z');
const clock = { now: () => now };
const later = new Date(now.getTime() + 1);

onEachDatabase('what is open', (opened) => {
  let connections: Set<Connection>;
  let closed: [string, Ending][];
  beforeEach(() => {
    connections = new Set();
    closed = [];
  });

  function open(name: string, viewer: Viewer, changes: Partial<Connection> = {}): void {
    const close = (ending: Ending) => void closed.push([name, ending]);
    connections.add({ viewer, oldAtMs: Infinity, answering: 0, close, ...changes });
  }
  const sweep = () => closeEnded({ prisma: opened().prisma, clock, connections });

  async function holder(columns: { expiresAt?: Date; revokedAt?: Date } = {}): Promise<Viewer> {
    const { key, clientId } = await issueKey(opened().prisma, [], columns);
    const { id } = await opened().prisma.apiKey.findUniqueOrThrow({ where: { keyHash: hashOfKey(key) } });
    return { kind: 'client', clientId, keyId: id, scopes: new Set() };
  }
  const configured: Viewer = { kind: 'client', clientId: randomUUID(), keyId: null, scopes: new Set() };
  const watcher = (expiresAt: Date): Viewer => ({ kind: 'watcher', transactionId: randomUUID(), expiresAt });

  it('is closed when its key or watch token ended, and only then', async () => {
    open('key', await holder());
    open('key to expire', await holder({ expiresAt: later }));
    open('configured key', configured);
    open('watch token', watcher(later));
    const revoked = await holder({ revokedAt: now });
    open('revoked key', revoked);
    open('revoked key again', revoked);
    open('expired key', await holder({ expiresAt: now }));
    open('key that is gone', { ...configured, keyId: randomUUID() });
    open('expired watch token', watcher(now));
    await sweep();
    expect(closed).toEqual(
      ['revoked key', 'revoked key again', 'expired key', 'key that is gone', 'expired watch token'].map(
        (name) => [name, 'credential-ended'],
      ),
    );
    expect(connections.size).toBe(4);
    await sweep();
    expect(closed).toHaveLength(5);
  });

  it('is closed when it is too old, but not in the middle of an answer', async () => {
    const ageMs = (ms: number) => ({ oldAtMs: now.getTime() - ms });
    open('young', configured, ageMs(-1));
    open('old', configured, ageMs(0));
    open('answering', configured, { ...ageMs(119_999), answering: 1 });
    open('answering for ever', configured, { ...ageMs(120_000), answering: 1 });
    await sweep();
    expect(closed).toEqual([
      ['old', 'too-old'],
      ['answering for ever', 'too-old'],
    ]);
  });

  it('costs one statement, however much it is, and none when there is nothing to ask', async () => {
    const { prisma } = opened();
    const query = vi.spyOn(prisma, '$queryRaw');
    open('configured key', configured);
    open('watch token', watcher(later));
    await sweep();
    expect(query).toHaveBeenCalledTimes(0);
    for (let index = 0; index < 20; index += 1) {
      const viewer = await holder();
      for (let socket = 0; socket < 50; socket += 1) open('key', viewer);
    }
    await sweep();
    expect(query).toHaveBeenCalledTimes(1);
    expect(closed).toEqual([]);
    query.mockRestore();
  });

  it('stays open while the database is away, whatever has ended', async () => {
    open('expired watch token', watcher(now));
    open('revoked key', await holder({ revokedAt: now }));
    open('old', configured, { oldAtMs: 0 });
    const query = vi.spyOn(opened().prisma, '$queryRaw').mockRejectedValue(new Error('away'));
    await expect(sweep()).rejects.toThrow('away');
    expect(closed).toEqual([]);
    query.mockRestore();
    await sweep();
    expect(closed).toHaveLength(3);
  });

  it('is let be when it was opened while the database was asked', async () => {
    open('first', await holder());
    const late = await holder();
    const sweeping = sweep();
    open('late', late);
    await sweeping;
    expect(closed).toEqual([]);
  });
});
