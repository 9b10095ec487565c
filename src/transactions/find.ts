import type { PrismaClient } from '../database/database.ts';
import type { Prisma } from '../database/generated/prisma/client.ts';
import type { TransactionStatus } from '../database/generated/prisma/enums.ts';
import { normalisePhoneNumber } from '../daraja/field-rules.ts';
import { isId, lowestIdAt } from '../lib/ids.ts';
import { isStorable } from '../lib/storable-text.ts';
import type { ClientPages } from './client-pages.ts';
import { openStatuses } from './decide/status.ts';

/** Whose payments may be seen: one client's, every client's, or a single payment. */
export type Sight = { clientId: string } | { everyClient: true } | { transactionId: string };

export type Filter = {
  status?: readonly TransactionStatus[] | null | undefined;
  isFinal?: boolean | null | undefined;
  needsAttention?: boolean | null | undefined;
  createdFrom?: Date | null | undefined;
  createdBefore?: Date | null | undefined;
  changedFrom?: Date | null | undefined;
  changedBefore?: Date | null | undefined;
  /** Whole shillings, inclusive. */
  amountFrom?: number | null | undefined;
  amountTo?: number | null | undefined;
  phoneNumber?: string | null | undefined;
  mpesaReceiptNumber?: string | null | undefined;
  accountReference?: string | null | undefined;
  search?: string | null | undefined;
};

export type Window = {
  take: number;
  newestFirst: boolean;
  /** Ids that the page lies after and before, in its own order. */
  after?: string | undefined;
  before?: string | undefined;
  /** Whether the page is the last one before `before` instead of the first one after `after`. */
  fromEnd: boolean;
};

export type FindDeps = {
  prisma: PrismaClient;
  /** For what is asked most: the newest of one client's payments, whatever they are. */
  clientPages: ClientPages;
};

/** Beyond this many, counting costs more than the number is worth. */
const countMax = 10_000;

export function within(sight: Sight): Prisma.TransactionWhereInput {
  if ('transactionId' in sight) return { id: sight.transactionId };
  return 'clientId' in sight ? { clientId: sight.clientId } : {};
}

/** Whether a payment that was found by its id lies within what may be seen. */
export function isWithin(sight: Sight, { id, clientId }: { id: string; clientId: string }): boolean {
  if ('transactionId' in sight) return id === sight.transactionId;
  return 'clientId' in sight ? clientId === sight.clientId : true;
}

/**
 * A page by id alone, which is by time of creation: `after` and `before` need not exist any longer. Reads one row
 * more than asked for to know whether the list goes on; `hasEarlier` says whether it goes on the other way too.
 */
export async function findPage(
  { prisma, clientPages }: FindDeps,
  sight: Sight,
  filter: Filter,
  window: Window,
) {
  const { take, newestFirst, after, before, fromEnd } = window;
  const [above = null, below = null] = newestFirst ? [before, after] : [after, before];
  const isPlain = newestFirst !== fromEnd && Object.values(filter).every((value) => value == null);
  const { rows, hasEarlier } =
    isPlain && 'clientId' in sight
      ? await clientPages({ clientId: sight.clientId, above, below, take: take + 1 })
      : await findRows(prisma, [within(sight), whereOf(filter)], window, { above, below });
  const page = rows.slice(0, take);
  return { rows: fromEnd ? page.reverse() : page, hasMore: rows.length > take, hasEarlier };
}

async function findRows(
  prisma: PrismaClient,
  matching: Prisma.TransactionWhereInput[],
  { take, newestFirst, after, before, fromEnd }: Window,
  { above, below }: { above: string | null; below: string | null },
) {
  const isAscending = newestFirst === fromEnd;
  const rows = await prisma.transaction.findMany({
    where: { AND: [...matching, above ? { id: { gt: above } } : {}, below ? { id: { lt: below } } : {}] },
    orderBy: { id: isAscending ? 'asc' : 'desc' },
    take: take + 1,
  });
  const edge = fromEnd ? before : after;
  const earlier =
    edge &&
    (await prisma.transaction.findFirst({
      where: { AND: [...matching, { id: isAscending ? { lte: edge } : { gte: edge } }] },
      select: { id: true },
    }));
  return { rows, hasEarlier: Boolean(earlier) };
}

/** Exact up to `countMax`, null beyond. */
export async function countMatching(
  prisma: PrismaClient,
  sight: Sight,
  filter: Filter,
): Promise<number | null> {
  const count = await prisma.transaction.count({
    where: { AND: [within(sight), whereOf(filter)] },
    take: countMax + 1,
  });
  return count > countMax ? null : count;
}

/** What is asked for by a text that no row can hold. */
const nothing = { id: { in: [] } } satisfies Prisma.TransactionWhereInput;

function forText(
  text: string | null | undefined,
  where: (text: string) => Prisma.TransactionWhereInput,
): Prisma.TransactionWhereInput {
  if (typeof text !== 'string') return {};
  return isStorable(text) ? where(text) : nothing;
}

function whereOf(filter: Filter): Prisma.TransactionWhereInput {
  return {
    AND: [
      filter.status ? { status: { in: [...filter.status] } } : {},
      typeof filter.isFinal === 'boolean'
        ? { status: filter.isFinal ? { notIn: [...openStatuses] } : { in: [...openStatuses] } }
        : {},
      typeof filter.needsAttention === 'boolean' ? { attention: { isEmpty: !filter.needsAttention } } : {},
      // The id carries the time of creation, to the millisecond.
      filter.createdFrom ? { id: { gte: lowestIdAt(filter.createdFrom) } } : {},
      filter.createdBefore ? { id: { lt: lowestIdAt(filter.createdBefore) } } : {},
      filter.changedFrom ? { updatedAt: { gte: filter.changedFrom } } : {},
      filter.changedBefore ? { updatedAt: { lt: filter.changedBefore } } : {},
      typeof filter.amountFrom === 'number' ? { amountCents: { gte: cents(filter.amountFrom) } } : {},
      typeof filter.amountTo === 'number' ? { amountCents: { lte: cents(filter.amountTo) } } : {},
      forText(filter.phoneNumber, (text) => ({ phoneNumber: normalisePhoneNumber(text) ?? text })),
      forText(filter.mpesaReceiptNumber, (text) => ({
        receipts: { some: { receipt: text.trim().toUpperCase() } },
      })),
      forText(filter.accountReference, (accountReference) => ({ accountReference })),
      filter.search ? searchFor(filter.search.trim()) : {},
    ],
  };
}

/** Amounts beyond what a column holds must match nothing, or everything, and not fail. */
function cents(shillings: number): number {
  return Math.min(Math.max(shillings, -1), 20_000_000) * 100;
}

/** Fewer digits would end too many numbers, and none at all would end each. */
const phoneEndingMin = 3;

function searchFor(text: string): Prisma.TransactionWhereInput {
  if (!isStorable(text)) return nothing;
  // Prisma hands these to LIKE as they are.
  const literal = text.replaceAll(/[\\%_]/g, '\\$&');
  return {
    OR: [
      { receipts: { some: { receipt: { startsWith: literal.toUpperCase() } } } },
      { accountReference: { startsWith: literal } },
      { idempotencyKey: { startsWith: literal } },
      ...(/^\+?[\d\s-]+$/.test(text) && phoneEnding(text).length >= phoneEndingMin
        ? [{ phoneNumber: { endsWith: phoneEnding(text) } }]
        : []),
    ],
  };
}

/** `0712…` is written with the national zero that the stored form has not. */
function phoneEnding(text: string): string {
  return text.replaceAll(/\D/g, '').replace(/^0(?=\d{9}$)/, '');
}

export type Lookup =
  | { id: string }
  | { checkoutRequestId: string }
  | { merchantRequestId: string }
  | { mpesaReceiptNumber: string }
  | { idempotencyKey: string };

/** Null for what cannot be, such as an id that is none. `idempotencyKey` means something only within one client. */
export function whereOfLookup(lookup: Lookup, clientId: string | null): Prisma.TransactionWhereInput | null {
  if (!Object.values(lookup).every(isStorable)) return null;
  if ('id' in lookup) return isId(lookup.id) ? { id: lookup.id } : null;
  if ('checkoutRequestId' in lookup)
    return { attempts: { some: { checkoutRequestId: lookup.checkoutRequestId } } };
  if ('merchantRequestId' in lookup)
    return { attempts: { some: { merchantRequestId: lookup.merchantRequestId } } };
  if ('mpesaReceiptNumber' in lookup) return { receipts: { some: { receipt: lookup.mpesaReceiptNumber } } };
  return clientId === null ? null : { clientId, idempotencyKey: lookup.idempotencyKey };
}
