import type { DatabaseAccess } from '../../database/database.ts';
import type { Sql } from '../../database/sql.ts';
import type { Logger } from '../../lib/logger.ts';
import { decide } from '../decide/decide.ts';
import { judgement, type Judgement } from '../decide/evidence.ts';
import { judgeUnmatched } from './keep-evidence.ts';
import { bodyKey, loadPayments, type LockedPayment } from './load-payments.ts';
import { logChange } from './log-change.ts';
import { claimKey } from './receipt-claims.ts';
import type { Settlement, Target } from './settlement.ts';
import { reportOn, type SettlementReport } from './settlement-report.ts';
import { storeSettlement } from './store-settlement.ts';
import { attemptOf, hashOf, type Addressed, type Submission, type Testimony } from './submission.ts';

export type SettleDeps = DatabaseAccess & {
  logger: Pick<Logger, 'info'>;
  /** Tells watchers to look; called after the commit. Must not throw. */
  announce(transactionIds: readonly string[]): void;
  /** Counts what was settled; called after the commit. Must not throw. */
  observe?: (report: SettlementReport) => void;
};

/** How many bodies that moved nothing are kept for one payment; more are counted. */
const uselessBodiesMax = 20;
/** A settlement that cannot have its rows soon must not hold up those behind it. */
const lockMsMax = 1_000;

/**
 * Settles what was said about any number of payments in one short database transaction, as if one by one: stores the
 * evidence with its verdict, claims receipts, moves payments and appends their events, then tells the watchers.
 * Payments are locked in the order of their ids, so settlements that share some wait for each other and never
 * deadlock. Answers with one judgement for each submission; by then all of it is durable.
 */
export async function settle(deps: SettleDeps, submissions: readonly Submission[]): Promise<Judgement[]> {
  const { judgements, changed, report } = await deps.transaction((sql) => settleWithin(sql, submissions), {
    lockMsMax,
  });
  for (const target of changed) logChange(deps.logger, target);
  if (changed.length > 0) deps.announce(changed.map(({ id }) => id));
  deps.observe?.(report);
  return submissions.map((submission) => judgements.get(submission.id) ?? judgeUnmatched(submission));
}

type Settled = { judgements: Map<string, Judgement>; changed: Target[]; report: SettlementReport };

async function settleWithin(sql: Sql, submissions: readonly Submission[]): Promise<Settled> {
  const named = await address(sql, submissions);
  const { payments, storedIds, foreignReceipts } = await loadPayments(sql, named, submissions);
  const isFresh = ({ id }: Submission) => !storedIds.has(id);
  const addressed = [...new Map(named.map((item) => [item.id, item])).values()].filter(isFresh);
  const byPayment = Map.groupBy(addressed, ({ transactionId }) => transactionId);
  const targets = [...payments].map(([id, locked]): Target => {
    return { id, settlement: settleOne(locked, byPayment.get(id) ?? [], foreignReceipts) };
  });
  const known = new Set(
    addressed.filter(({ transactionId }) => payments.has(transactionId)).map(({ id }) => id),
  );
  const fresh = [...new Map(submissions.map((item) => [item.id, item])).values()].filter(isFresh);
  const unmatched = fresh.filter(({ id }) => !known.has(id));
  await storeSettlement(sql, targets, unmatched);

  const judgements = new Map(targets.flatMap(({ settlement }) => [...settlement.judgements]));
  for (const id of storedIds) judgements.set(id, judgement('DUPLICATE', 'Stored before.'));
  const changed = targets.filter(({ settlement }) => settlement.decision.events.length > 0);
  const settled = targets.flatMap(({ id, settlement }) => {
    const payment = payments.get(id);
    return payment === undefined ? [] : [{ settlement, createdAt: payment.createdAt }];
  });
  return { judgements, changed, report: reportOn(settled, submissions, judgements) };
}

/** Finds the payments of callbacks that came on the shared path. */
async function address(sql: Sql, submissions: readonly Submission[]): Promise<Addressed[]> {
  const names = submissions.flatMap((item) =>
    item.kind === 'unaddressed' ? [item.evidence.checkoutRequestId] : [],
  );
  const attempts = names.length === 0 ? [] : await attemptsOf(sql, names);
  const byName = new Map(attempts.map((attempt) => [attempt.checkoutRequestId, attempt]));
  return submissions.flatMap((item): Addressed[] => {
    if (item.kind === 'nameless') return [];
    if (item.kind !== 'unaddressed') return [item];
    const attempt = byName.get(item.evidence.checkoutRequestId);
    if (attempt === undefined) return [];
    const { transactionId, number } = attempt;
    return [{ ...item, kind: 'evidence', transactionId, evidence: { ...item.evidence, attempt: number } }];
  });
}

type Attempt = { transactionId: string; number: number; checkoutRequestId: string };

function attemptsOf(sql: Sql, checkoutRequestIds: readonly string[]): Promise<Attempt[]> {
  return sql<Attempt>`
    select transaction_id::text as "transactionId", number, checkout_request_id as "checkoutRequestId"
    from attempts where checkout_request_id = any(${checkoutRequestIds}::text[])`;
}

function settleOne(
  { payment, bodies }: LockedPayment,
  submissions: readonly Addressed[],
  foreignReceipts: ReadonlySet<string>,
): Settlement {
  const stored = [...bodies.values()];
  const judgements = new Map<string, Judgement>();
  const repeated = new Map<string, string>();
  const heard: Testimony[] = [];
  for (const submission of submissions) {
    const hash = hashOf(submission);
    const key = hash === null ? null : bodyKey(attemptOf(submission), hash);
    const same = key === null ? undefined : bodies.get(key);
    if (same !== undefined && same !== submission.id) {
      repeated.set(submission.id, same);
      judgements.set(submission.id, judgement('DUPLICATE', 'The same body came before.'));
      continue;
    }
    if (key !== null) bodies.set(key, submission.id);
    if (submission.kind === 'evidence') heard.push(submission);
    else judgements.set(submission.id, judgement('INVALID', submission.reason));
  }
  const decision = decide(
    payment,
    heard.map(({ evidence, receivedAt, transactionId }) => ({
      ...evidence,
      receivedAt,
      receiptIsOurs:
        evidence.kind !== 'callback' ||
        evidence.receipt === null ||
        !foreignReceipts.has(claimKey(evidence.receipt, transactionId)),
    })),
  );
  heard.forEach(({ id }, index) => {
    const judged = decision.judgements[index];
    if (judged) judgements.set(id, judged);
  });
  const room = uselessBodiesMax - stored.length;
  return { before: payment, decision, submissions, judgements, repeated, oldest: stored[0], room };
}
