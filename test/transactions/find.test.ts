import { beforeAll, describe, expect, it } from 'vitest';
import { bootstrapClient } from '../../src/access/fixed-clients.ts';
import type { PrismaClient } from '../../src/database/database.ts';
import { newId } from '../../src/lib/ids.ts';
import {
  countMatching,
  findPage,
  whereOfLookup,
  type Filter,
  type Sight,
  type Window,
} from '../../src/transactions/find.ts';
import { clientId, storePayments, type PaymentColumns } from '../support/payments.ts';
import { findDeps } from '../support/find-deps.ts';
import { onEachDatabase } from '../support/test-database.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 24, 8, minute));

/** Ten payments, a minute apart; their account references are their names. */
const stored: readonly PaymentColumns[] = [
  { accountReference: 'p0', status: 'REQUESTED', amountCents: 100 },
  { accountReference: 'p1', status: 'UNCONFIRMED', amountCents: 200, attention: ['STILL_OPEN'] },
  {
    accountReference: 'p2',
    status: 'COMPLETED',
    amountCents: 300,
    mpesaReceiptNumber: 'UKOAAAAAA1',
    updatedAt: at(30),
  },
  { accountReference: 'p3', status: 'CANCELLED', amountCents: 400 },
  { accountReference: 'p4', status: 'EXPIRED', phoneNumber: '254112345678' },
  { accountReference: 'p5', status: 'FAILED', phoneNumber: '254712000999' },
  { accountReference: 'p6_x', idempotencyKey: 'cart%1' },
  { accountReference: 'p6.x', idempotencyKey: 'cart\\1' },
  { accountReference: '---', idempotencyKey: 'cartXX1' },
  { accountReference: 'p9', clientId: bootstrapClient.id },
];

const all = { everyClient: true } as const;
const names = (...numbers: number[]) => numbers.map((number) => stored[number]?.accountReference);

onEachDatabase('finding payments', (opened) => {
  let prisma: PrismaClient;
  let ids: string[] = [];
  beforeAll(async () => {
    ({ prisma } = opened());
    const rows = stored.map((columns, minute) => ({
      updatedAt: at(minute),
      ...columns,
      createdAt: at(minute),
    }));
    ids = (await storePayments(prisma, rows)).map(({ id }) => id);
    await prisma.receipt.create({
      data: { receipt: 'UKOAAAAAA1', transactionId: ids[2] ?? '', createdAt: at(2) },
    });
  });

  const page = (window: Partial<Window>, filter: Filter = {}, sight: Sight = all) =>
    findPage(findDeps(opened()), sight, filter, { take: 20, newestFirst: false, fromEnd: false, ...window });

  async function found(filter: Filter, sight: Sight = all) {
    return (await page({}, filter, sight)).rows.map(({ accountReference }) => accountReference);
  }

  describe('by a filter', () => {
    it.each<[Filter, number[]]>([
      [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
      [{ status: ['COMPLETED', 'FAILED'] }, [2, 5]],
      [{ status: [] }, []],
      [{ isFinal: true }, [2, 3, 4, 5]],
      [{ isFinal: false }, [0, 1, 6, 7, 8, 9]],
      [{ isFinal: true, status: ['REQUESTED'] }, []],
      [{ needsAttention: true }, [1]],
      [{ needsAttention: false, isFinal: false }, [0, 6, 7, 8, 9]],
      [{ createdFrom: at(8) }, [8, 9]],
      [{ createdBefore: at(2) }, [0, 1]],
      [{ createdFrom: at(3), createdBefore: at(5) }, [3, 4]],
      [
        { createdFrom: new Date(0), createdBefore: new Date('9999-12-31T00:00:00Z') },
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      ],
      [{ changedFrom: at(10) }, [2]],
      [{ changedBefore: at(1) }, [0]],
      [{ amountFrom: 3, amountTo: 4 }, [2, 3]],
      [{ amountTo: 1 }, [0]],
      [{ amountFrom: 2_000_000_000 }, []],
      [{ amountFrom: -2_000_000_000, amountTo: 2 }, [0, 1]],
      [{ phoneNumber: '0112345678' }, [4]],
      [{ phoneNumber: '+254 112-345 678' }, [4]],
      [{ phoneNumber: '254112345678' }, [4]],
      [{ phoneNumber: 'nobody' }, []],
      [{ mpesaReceiptNumber: ' ukoaaaaaa1 ' }, [2]],
      [{ accountReference: 'p3' }, [3]],
      [{ accountReference: 'p' }, []],
      [{ search: 'UKOAAA' }, [2]],
      [{ search: 'ukoaaa' }, [2]],
      [{ search: 'p6' }, [6, 7]],
      [{ search: 'p6_' }, [6]],
      [{ search: 'cart%' }, [6]],
      [{ search: 'cart\\' }, [7]],
      [{ search: '%' }, []],
      [{ search: '0712000999' }, [5]],
      [{ search: '+254712000999' }, [5]],
      [{ search: '000 999' }, [5]],
      [{ search: '---' }, [8]],
      [{ search: ' p3 ' }, [3]],
    ])('%j', async (filter, expected) => {
      expect(await found(filter)).toEqual(names(...expected));
    });
  });

  describe('within what the viewer may see', () => {
    it('finds one client\u2019s payments', async () => {
      expect(await found({}, { clientId: bootstrapClient.id })).toEqual(names(9));
    });

    it('finds a single payment', async () => {
      expect(await found({}, { transactionId: ids[3] ?? '' })).toEqual(names(3));
    });
  });

  describe('in pages', () => {
    const references = (rows: { accountReference: string | null }[]) =>
      rows.map((row) => row.accountReference);

    it('goes forward, newest first', async () => {
      const first = await page({ take: 4, newestFirst: true });
      expect([references(first.rows), first.hasMore, first.hasEarlier]).toEqual([
        names(9, 8, 7, 6),
        true,
        false,
      ]);
      const second = await page({ take: 4, newestFirst: true, after: first.rows.at(-1)?.id });
      expect([references(second.rows), second.hasMore, second.hasEarlier]).toEqual([
        names(5, 4, 3, 2),
        true,
        true,
      ]);
      const third = await page({ take: 4, newestFirst: true, after: second.rows.at(-1)?.id });
      expect([references(third.rows), third.hasMore, third.hasEarlier]).toEqual([names(1, 0), false, true]);
    });

    it('goes forward, oldest first', async () => {
      const first = await page({ take: 6 });
      const second = await page({ take: 6, after: first.rows.at(-1)?.id });
      expect([...references(first.rows), ...references(second.rows)]).toEqual(
        names(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
      );
      expect([second.hasMore, second.hasEarlier]).toEqual([false, true]);
    });

    it('goes backward, newest first', async () => {
      const last = await page({ take: 4, newestFirst: true, fromEnd: true });
      expect([references(last.rows), last.hasMore, last.hasEarlier]).toEqual([
        names(3, 2, 1, 0),
        true,
        false,
      ]);
      const before = await page({ take: 7, newestFirst: true, fromEnd: true, before: last.rows[0]?.id });
      expect([references(before.rows), before.hasMore, before.hasEarlier]).toEqual([
        names(9, 8, 7, 6, 5, 4),
        false,
        true,
      ]);
    });

    it('goes backward, oldest first', async () => {
      const last = await page({ take: 3, fromEnd: true });
      expect(references(last.rows)).toEqual(names(7, 8, 9));
      const before = await page({ take: 3, fromEnd: true, before: last.rows[0]?.id });
      expect([references(before.rows), before.hasMore, before.hasEarlier]).toEqual([
        names(4, 5, 6),
        true,
        true,
      ]);
    });

    it('lies between two cursors', async () => {
      const between = await page({ after: ids[2], before: ids[6] });
      expect(references(between.rows)).toEqual(names(3, 4, 5));
    });

    it('goes on from a cursor whose row is gone', async () => {
      const gone = newId(new Date(at(4).getTime() + 30_000));
      expect(references((await page({ after: gone })).rows)).toEqual(names(5, 6, 7, 8, 9));
    });

    it('ends exactly when it is full', async () => {
      expect(await page({ take: 10 })).toMatchObject({ hasMore: false });
    });

    it('counts only what matches as earlier', async () => {
      const filtered = await page({ after: ids[3] }, { accountReference: 'p5' });
      expect([references(filtered.rows), filtered.hasEarlier]).toEqual([names(5), false]);
    });

    it('after the last row is empty', async () => {
      expect(await page({ after: ids[9] })).toEqual({ rows: [], hasMore: false, hasEarlier: true });
    });
  });

  describe('counting', () => {
    it.each<[Filter, number]>([
      [{}, 10],
      [{ isFinal: true }, 4],
      [{ search: 'UKO' }, 1],
      [{ status: [] }, 0],
    ])('%j gives %i', async (filter, count) => {
      expect(await countMatching(prisma, all, filter)).toBe(count);
    });

    it('stays within what the viewer may see', async () => {
      expect(await countMatching(prisma, { clientId }, {})).toBe(9);
    });
  });

  describe('looking up', () => {
    const look = async (lookup: Parameters<typeof whereOfLookup>[0], of: string | null = clientId) => {
      const where = whereOfLookup(lookup, of);
      return where === null
        ? null
        : ((await prisma.transaction.findFirst({ where }))?.accountReference ?? null);
    };

    it('finds by id, CheckoutRequestID, receipt and idempotency key', async () => {
      expect(await look({ id: ids[3] ?? '' })).toBe('p3');
      expect(await look({ checkoutRequestId: `ws_CO_${ids[4] ?? ''}` })).toBe('p4');
      expect(await look({ mpesaReceiptNumber: 'UKOAAAAAA1' })).toBe('p2');
      expect(await look({ idempotencyKey: 'cart%1' })).toBe('p6_x');
    });

    it('finds a key only within its client', async () => {
      expect(await look({ idempotencyKey: 'cart%1' }, bootstrapClient.id)).toBeNull();
      expect(await look({ idempotencyKey: 'cart%1' }, null)).toBeNull();
    });

    it.each(['', 'p3', 'not-an-id', '019ABCDE-0000-7000-8000-000000000000'])(
      'finds nothing by the id %j',
      async (id) => {
        expect(await look({ id })).toBeNull();
      },
    );
  });
});
