import type { Transaction } from '../database/generated/prisma/client.ts';
import type { Sql } from '../database/sql.ts';
import { createSharedRead } from '../lib/shared-read.ts';
import { paymentColumns } from './payment-rows.ts';

/** Of one client's payments, the newest that lie between two ids; null: no bound. */
export type ClientPage = { clientId: string; above: string | null; below: string | null; take: number };

export type ClientPages = (page: ClientPage) => Promise<Transaction[]>;

/** Pages read by one statement. */
const pagesMax = 50;
const lowestId = '00000000-0000-0000-0000-000000000000';
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * Reads pages, the newest payment first, with one statement for all who ask at the same time. Who asks for the same page is
 * given the same rows.
 */
export function createClientPages(sql: Sql): ClientPages {
  return createSharedRead(async (pages) => {
    const asked = new Map(pages.map((page) => [nameOf(page), page]));
    const read = await readPages(sql, [...asked.values()]);
    const rowsOf = new Map([...asked.keys()].map((name, index) => [name, read[index] ?? []]));
    return pages.map((page) => rowsOf.get(nameOf(page)) ?? []);
  }, pagesMax);
}

const nameOf = ({ clientId, above, below, take }: ClientPage): string =>
  [clientId, above, below, take].join(' ');

async function readPages(sql: Sql, pages: readonly ClientPage[]): Promise<Transaction[][]> {
  const clients = pages.map(({ clientId }) => clientId);
  const above = pages.map((page) => page.above ?? lowestId);
  const below = pages.map((page) => page.below ?? highestId);
  const takes = pages.map(({ take }) => take);
  const rows = await sql<Transaction & { page: number }>`
    select asked.page::int, payment.*
    from unnest(${clients}::uuid[], ${above}::uuid[], ${below}::uuid[], ${takes}::int[])
      with ordinality as asked (client, above, below, take, page)
    cross join lateral (
      select ${paymentColumns} from transactions
      where client_id = asked.client and transactions.id > asked.above and transactions.id < asked.below
      order by transactions.id desc limit asked.take) as payment
    order by asked.page, payment.id desc`;
  const byPage = Map.groupBy(rows, ({ page }) => page);
  return pages.map((_page, index) => byPage.get(index + 1) ?? []);
}
