import { describe, expect, it } from 'vitest';
import { differenceToSchema } from '../../scripts/schema-difference.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { bindDeployment, ForeignDatabaseError } from '../../src/database/deployment.ts';
import { createLeasedValues } from '../../src/database/leased-values.ts';
import { onEachDatabase, postgresql } from '../support/test-database.ts';

it('the migrations say what prisma/schema.prisma says', async () => {
  expect(await differenceToSchema()).toBeNull();
});

describe.skipIf(!postgresql.available)('a PostgreSQL database', () => {
  it('may be opened by several processes at once', async () => {
    await using prepared = await postgresql.settings();
    const opened = await Promise.all([1, 2, 3].map(() => openDatabase(prepared.settings)));
    await Promise.all(opened.map((database) => database.migrate()));
    const counts = await Promise.all(opened.map(({ prisma }) => prisma.transaction.count()));
    await Promise.all(opened.map((database) => database[Symbol.asyncDispose]()));
    expect(counts).toEqual([0, 0, 0]);
  });
});

onEachDatabase('a database', (opened) => {
  describe('bound to a deployment', () => {
    const bind = (environment: 'SIMULATOR' | 'PRODUCTION', ...secretFingerprints: [string, ...string[]]) =>
      bindDeployment(opened().prisma, { environment, secretFingerprints });

    it('is taken by the environment and the secret that first used it', async () => {
      await bind('SIMULATOR', 'one');
      await expect(bind('SIMULATOR', 'one')).resolves.toBeUndefined();
    });

    it('refuses another environment', async () => {
      await expect(bind('PRODUCTION', 'one')).rejects.toThrow(ForeignDatabaseError);
      await expect(bind('PRODUCTION', 'one')).rejects.toThrow(/belongs to the SIMULATOR environment/);
    });

    it('refuses another secret', async () => {
      await expect(bind('SIMULATOR', 'two')).rejects.toThrow(ForeignDatabaseError);
    });

    it('moves to a newer secret that lists the old one', async () => {
      await bind('SIMULATOR', 'two', 'one');
      await expect(bind('SIMULATOR', 'two')).resolves.toBeUndefined();
      await expect(bind('SIMULATOR', 'one')).rejects.toThrow(ForeignDatabaseError);
    });
  });

  describe('keeps a leased value that', () => {
    let names = 0;
    const fresh = () => createLeasedValues(opened().prisma, `value-${String((names += 1))}`);
    const expiresAt = new Date('2030-01-01T00:00:00Z');

    it('is nothing before it was first stored', async () => {
      const values = fresh();
      await values.lease(0, 30_000);
      expect(await values.read()).toBeNull();
    });

    it('has the next version each time it is stored', async () => {
      const values = fresh();
      for (const version of [0, 1, 2]) {
        const lease = await values.lease(version, 30_000);
        await values.store(lease?.holder ?? '', version, { value: `token-${String(version)}`, expiresAt });
      }
      expect(await values.read()).toEqual({ version: 3, value: 'token-2', expiresAt });
    });

    it('is leased to one of many', async () => {
      const values = fresh();
      const leases = await Promise.all(Array.from({ length: 20 }, () => values.lease(0, 30_000)));
      expect(leases.filter((lease) => lease !== null)).toHaveLength(1);
    });

    it('is not leased for a version that is there', async () => {
      const values = fresh();
      const lease = await values.lease(0, 30_000);
      await values.store(lease?.holder ?? '', 0, { value: 'token', expiresAt });
      expect(await values.lease(0, 30_000)).toBeNull();
      expect(await values.lease(1, 30_000)).not.toBeNull();
    });

    it('is not stored by one whose lease another has taken', async () => {
      const values = fresh();
      const late = await values.lease(0, 0);
      await expect.poll(async () => values.lease(0, 30_000)).not.toBeNull();
      expect(await values.store(late?.holder ?? '', 0, { value: 'late', expiresAt })).toBeNull();
    });

    it('is free again when its lease is released', async () => {
      const values = fresh();
      const lease = await values.lease(0, 30_000);
      await values.release('nobody');
      expect(await values.lease(0, 30_000)).toBeNull();
      await values.release(lease?.holder ?? '');
      expect(await values.lease(0, 30_000)).not.toBeNull();
    });

    it('is kept apart from others', async () => {
      const [one, other] = [fresh(), fresh()];
      await one.lease(0, 30_000);
      expect(await other.lease(0, 30_000)).not.toBeNull();
    });
  });
});
