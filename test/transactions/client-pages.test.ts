import { beforeAll, expect, it } from 'vitest';
import { bootstrapClient } from '../../src/access/fixed-clients.ts';
import type { Transaction } from '../../src/database/generated/prisma/client.ts';
import { createClientPages, type ClientPage } from '../../src/transactions/client-pages.ts';
import { clientId, storePayments } from '../support/payments.ts';
import { onEachDatabase } from '../support/test-database.ts';

const lowestId = '00000000-0000-7000-8000-000000000000';
const highestId = 'ffffffff-ffff-7fff-bfff-ffffffffffff';

onEachDatabase('pages of clients', (opened) => {
  let rows: Transaction[];
  beforeAll(async () => {
    const { prisma } = opened();
    await storePayments(
      prisma,
      Array.from({ length: 12 }, (_, index) => ({
        clientId: index % 3 === 0 ? bootstrapClient.id : clientId,
      })),
    );
    rows = await prisma.transaction.findMany({ orderBy: { id: 'desc' } });
  });

  const all = (page: Partial<ClientPage>): ClientPage => ({
    clientId,
    above: null,
    below: null,
    take: 100,
    ...page,
  });
  const expected = ({ clientId: owner, above, below, take }: ClientPage) =>
    rows
      .filter((row) => row.clientId === owner && row.id > (above ?? '') && row.id < (below ?? 'g'))
      .slice(0, take);

  it('are what Prisma reads, each with its own bounds, for all who ask at once', async () => {
    const read = createClientPages(opened().sql);
    const pages = [
      all({}),
      all({ clientId: bootstrapClient.id }),
      all({ take: 3 }),
      all({ below: rows[4]?.id ?? '' }),
      all({ above: rows[7]?.id ?? '', take: 2 }),
      all({ above: rows[9]?.id ?? '', below: rows[2]?.id ?? '' }),
      all({ take: 3 }),
      all({ clientId: '00000000-0000-7000-8000-00000000dead' }),
    ];
    const found = await Promise.all(pages.map(read));
    expect(found.map((page) => page.rows.map(({ id }) => id))).toEqual(
      pages.map((page) => expected(page).map(({ id }) => id)),
    );
    expect(found[0]?.rows[0]).toMatchObject(rows.find((row) => row.clientId === clientId) ?? {});
    expect(found[6], 'the same page, read once').toBe(found[2]);
  });

  it('say whether anything comes before them, even where they are empty', async () => {
    const read = createClientPages(opened().sql);
    const own = rows.filter((row) => row.clientId === clientId);
    const below = [undefined, own.at(0)?.id, own.at(-1)?.id, lowestId, highestId];
    const pages = await Promise.all(below.map((id) => read(all({ below: id ?? null, take: 1 }))));
    expect(pages.map((page) => page.hasEarlier)).toEqual([false, true, true, true, false]);
    expect(pages.map((page) => page.rows.length)).toEqual([1, 1, 0, 0, 1]);
  });
});
