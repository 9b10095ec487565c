import { arrayLiteral } from '../database/array-literal.ts';
import type { TransactionStatus } from '../database/generated/prisma/enums.ts';
import type { Sql } from '../database/sql.ts';
import { createBatcher } from '../lib/batcher.ts';
import { isFinal } from '../transactions/decide/status.ts';
import type { Patiently } from './patience.ts';

/** One change of a payment, as it was at that moment. */
export type PaymentChange = {
  transactionId: string;
  sequence: number;
  status: TransactionStatus;
  isFinal: boolean;
  occurredAt: Date;
};

export type Reading = {
  /** Oldest first; the present state alone for whoever knows nothing. */
  changes: PaymentChange[];
  /** Nothing is expected after these. */
  isLast: boolean;
  /** There are more already than were read. */
  isCut: boolean;
};

export type ChangeReader = {
  read(transactionId: string, afterSequence: number | null): Promise<Reading>;
};

type Question = { transactionId: string; afterSequence: number | null };
/** One row for each change; `sequence` is null where there is none. */
type Row = { question: number; latestSequence: number; latestStatus: TransactionStatus } & (
  { sequence: number; status: TransactionStatus; occurredAt: Date } | { sequence: null }
);

/** Read at once for one watcher: a payment has a handful of changes in its life. */
const changesMax = 100;
const questionsMax = 500;
/** Below every sequence that a caller may know. */
const nothing = -1;

/**
 * Reads for all watchers of this process, one statement at a time: a crowd that is woken at once takes one connection
 * of the database, and in an outage it is one statement that is tried again.
 */
export function createChangeReader(sql: Sql, patiently: Patiently): ChangeReader {
  const batcher = createBatcher<Question, Reading>(
    async (questions) => {
      const rows = await patiently(() => readRows(sql, questions));
      const byQuestion = Map.groupBy(rows, ({ question }) => question);
      return questions.map((question, index) => readingOf(question, byQuestion.get(index + 1) ?? []));
    },
    // Patience has tried as often as is any use.
    { sizeMax: questionsMax, maySplit: () => false },
  );
  return { read: (transactionId, afterSequence) => batcher.add({ transactionId, afterSequence }) };
}

/** In one snapshot, so that the changes reach as far as the payment says. */
function readRows(sql: Sql, questions: readonly Question[]): Promise<Row[]> {
  const ids = questions.map(({ transactionId }) => transactionId);
  const after = questions.map(({ afterSequence }) => afterSequence ?? nothing);
  return sql<Row>`
    select q.question::int, t.sequence as "latestSequence", t.status as "latestStatus",
      e.sequence, e.status, e.occurred_at as "occurredAt"
    from unnest(${arrayLiteral(ids)}::uuid[], ${arrayLiteral(after)}::int[]) with ordinality as q (id, after, question)
    join transactions t on t.id = q.id
    left join lateral (
      select sequence, status, occurred_at from transaction_events
      where transaction_id = q.id
        and sequence > case q.after when ${nothing}::int then t.sequence - 1 else q.after end
      order by sequence limit ${changesMax}::int) e on true
    order by q.question, e.sequence`;
}

function readingOf({ transactionId, afterSequence }: Question, rows: readonly Row[]): Reading {
  const changes = rows.flatMap((row) => {
    if (row.sequence === null) return [];
    const { sequence, status, occurredAt } = row;
    return [{ transactionId, sequence, status, isFinal: isFinal(status), occurredAt }];
  });
  const [payment] = rows;
  const known = changes.at(-1)?.sequence ?? afterSequence ?? 0;
  return {
    changes,
    // Of a payment that is not there nothing will come.
    isLast: payment === undefined || (isFinal(payment.latestStatus) && known >= payment.latestSequence),
    isCut: changes.length === changesMax,
  };
}
