import type { FailureReason, TransactionStatus } from '../../database/generated/prisma/enums.ts';
import type { Sql } from '../../database/sql.ts';
import { lowestIdAt } from '../../lib/ids.ts';

/** A payment that was asked of the same phone. Seconds are by the database's clock, at the moment of reading. */
export type EarlierPayment = {
  status: TransactionStatus;
  settledRank: number | null;
  failureReason: FailureReason | null;
  resultCode: string | null;
  amountCents: number;
  ageSeconds: number;
  settledSecondsAgo: number | null;
  /** Since its prompt may have gone out; null: provably none has. */
  dispatchedSecondsAgo: number | null;
  /** Somebody holds the right to push for it. */
  isBeingSent: boolean;
};

/** What went before a request that is about to be stored. */
export type Traffic = {
  /** Of this phone, whoever asked; the newest first. */
  payments: readonly EarlierPayment[];
  /** How many payments this client asked for within the last second; more than are allowed are not counted. */
  clientPayments: number;
};

export type TrafficQuery = {
  phoneNumber: string;
  clientId: string;
  now: Date;
  paymentsMax: number;
  clientPaymentsMax: number;
};

type Row = { clientPayments: number } & (EarlierPayment | { status: null });

/**
 * One statement that reads a bounded number of index entries. `clock_timestamp()`, because a statement that follows the
 * wait for a lock must not count from before it.
 */
export async function readTraffic(
  sql: Sql,
  { phoneNumber, clientId, now, paymentsMax, clientPaymentsMax }: TrafficQuery,
): Promise<Traffic> {
  const aSecondAgo = lowestIdAt(new Date(now.getTime() - 1_000));
  const rows = await sql<Row>`
    select recent.count as "clientPayments", earlier.*
    from (
      select count(*)::int as count from (
        select from transactions where client_id = ${clientId}::uuid and id >= ${aSecondAgo}::uuid
        limit ${clientPaymentsMax}::int) as counted
    ) as recent
    left join (
      select t.status::text as status, t.settled_rank::int as "settledRank",
        t.failure_reason::text as "failureReason", t.result_code as "resultCode", t.amount_cents as "amountCents",
        extract(epoch from clock_timestamp() - t.created_at)::float8 as "ageSeconds",
        extract(epoch from clock_timestamp() - t.settled_at)::float8 as "settledSecondsAgo",
        extract(epoch from clock_timestamp()
          - (select max(a.dispatched_at) from attempts a where a.transaction_id = t.id))::float8 as "dispatchedSecondsAgo",
        coalesce(w.lease_expires_at > clock_timestamp(), false) as "isBeingSent"
      from (
        select * from transactions where phone_number = ${phoneNumber} order by id desc limit ${paymentsMax}::int
      ) as t
      left join open_work w on w.transaction_id = t.id
      order by t.id desc
    ) as earlier on true`;
  return {
    payments: rows.filter((row) => row.status !== null),
    clientPayments: rows[0]?.clientPayments ?? 0,
  };
}
