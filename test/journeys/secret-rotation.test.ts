import { describe, expect, it } from 'vitest';
import { readWatchToken } from '../../src/access/watch-token.ts';
import { deriveKey } from '../../src/config/kept-secret.ts';
import { ForeignDatabaseError } from '../../src/database/deployment.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { Masked } from '../../src/lib/masked.ts';
import { reservedPayer, rowId, TestApp } from '../support/test-app.ts';
import { postgresql } from '../support/test-database.ts';

const [older, newer, another] = ['older', 'newer', 'another'].map((word) => `${word}-${'secret'.repeat(6)}`);
const signing = (secret = '') => [deriveKey(new Masked(secret), 'watch-token')];

describe.skipIf(!postgresql.available)('MALIPO_SECRET', () => {
  it('is changed by putting the new one first, and watch tokens of the old one go on until it is left out', async () => {
    await using own = await postgresql.settings();
    const start = (...secrets: (string | undefined)[]) =>
      TestApp.start({
        databases: { ...postgresql, open: () => openDatabase(own.settings) },
        env: { MALIPO_SECRET: secrets.join(',') },
      });
    const opens = async (test: TestApp, id: string, token: string | null) =>
      (await test.graphql('query ($id: ID!) { node(id: $id) { id } }', { id }, token)).status === 200;
    const phoneNumber = reservedPayer(28);

    let id = '';
    let first: string | null = null;
    {
      await using before = await start(older);
      const made = await before.initiate({ phoneNumber });
      [id, first] = [made.transaction?.id ?? '', made.watchToken];
      expect(await opens(before, id, first)).toBe(true);
    }
    await expect(start(another)).rejects.toBeInstanceOf(ForeignDatabaseError);
    await expect(start(newer)).rejects.toBeInstanceOf(ForeignDatabaseError);

    let second: string;
    {
      await using during = await start(newer, older);
      expect(await opens(during, id, first)).toBe(true);
      const { data } = await during.graphql(
        'mutation ($id: ID!) { createWatchToken(transactionId: $id) { watchToken } }',
        { id },
      );
      second = (data?.['createWatchToken'] as { watchToken: string }).watchToken;
      expect(await opens(during, id, second)).toBe(true);
      const read = (secret?: string) => readWatchToken(signing(secret), second, new Date());
      expect(await read(newer)).toMatchObject({ transactionId: rowId(id) });
      expect(await read(older)).toBeNull();
    }
    {
      await using after = await start(newer);
      expect([await opens(after, id, first), await opens(after, id, second)]).toEqual([false, true]);
    }
    await expect(start(older)).rejects.toBeInstanceOf(ForeignDatabaseError);
  });
});
