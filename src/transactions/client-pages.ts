import type { Transaction } from '../database/generated/prisma/client.ts';
import type { Sql } from '../database/sql.ts';
import { createSharedRead } from '../lib/shared-read.ts';
import { paymentColumns } from './payment-rows.ts';

/** Of one client's payments, the newest that lie between two ids; null: no bound. */
export type ClientPage = { clientId: string; above: string | null; below: string | null; take: number };

/** `hasEarlier`: whether the client has anything at `below` or beyond it, which comes before the page. */
export type RowsOfPage = { rows: Transaction[]; hasEarlier: boolean };

export type ClientPages = (page: ClientPage) => Promise<RowsOfPage>;

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
    const found = new Map([...asked.keys()].map((name, index) => [name, read[index] ?? nothing]));
    return pages.map((page) => found.get(nameOf(page)) ?? nothing);
  }, pagesMax);
}

const nothing: RowsOfPage = { rows: [], hasEarlier: false };

const nameOf = ({ clientId, above, below, take }: ClientPage): string =>
  [clientId, above, below, take].join(' ');

async function readPages(sql: Sql, pages: readonly ClientPage[]): Promise<RowsOfPage[]> {
  const clients = pages.map(({ clientId }) => clientId);
  const above = pages.map((page) => page.above ?? lowestId);
  const below = pages.map((page) => page.below ?? highestId);
  const takes = pages.map(({ take }) => take);
  // An empty page gives one row too, without a payment.
  const found = await sql<{ page: number; hasEarlier: boolean } & (Transaction | { id: null })>`
    select asked.page::int, before."hasEarlier", payment.*
    from unnest(${clients}::uuid[], ${above}::uuid[], ${below}::uuid[], ${takes}::int[])
      with ordinality as asked (client, above, below, take, page)
    cross join lateral (
      -- By the index: without an order PostgreSQL might read the table from its start, where newer payments are last.
      select (
        select transactions.id from transactions
        where client_id = asked.client and transactions.id >= asked.below
        order by transactions.id limit 1) is not null as "hasEarlier") as before
    left join lateral (
      select ${paymentColumns} from transactions
      where client_id = asked.client and transactions.id > asked.above and transactions.id < asked.below
      order by transactions.id desc limit asked.take) as payment on true
    order by asked.page, payment.id desc`;
  const byPage = Map.groupBy(found, ({ page }) => page);
  return pages.map((_page, index) => {
    const ofPage = byPage.get(index + 1) ?? [];
    return { rows: ofPage.filter((row) => row.id !== null), hasEarlier: ofPage[0]?.hasEarlier ?? false };
  });
}
