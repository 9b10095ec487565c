import type { DatabaseAccess } from '../../database/database.ts';
import type { Sql } from '../../database/sql.ts';
import type { Logger } from '../../lib/logger.ts';
import { decide } from '../decide/decide.ts';
import { judgement, type Judgement } from '../decide/evidence.ts';
import { judgeUnmatched } from './keep-evidence.ts';
import { bodyKey, loadPayments, type LockedPayment } from './load-payments.ts';
import { isPaid } from '../decide/outcomes.ts';
import { logChange } from './log-change.ts';
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

/**
 * Settles what was said about any number of payments in one short database transaction, as if one by one: stores the
 * evidence with its verdict, claims receipts, moves payments and appends their events, then tells the watchers.
 * Payments are locked in the order of their ids, so settlements that share some wait for each other and never
 * deadlock. Answers with one judgement for each submission; by then all of it is durable.
 */
export async function settle(deps: SettleDeps, submissions: readonly Submission[]): Promise<Judgement[]> {
  const { judgements, changed, report } = await deps.transaction((sql) => settleWithin(sql, submissions));
  for (const target of changed) logChange(deps.logger, target);
  if (changed.length > 0) deps.announce(changed.map(({ id }) => id));
  deps.observe?.(report);
  return submissions.map((submission) => judgements.get(submission.id) ?? judgeUnmatched(submission));
}

type Settled = { judgements: Map<string, Judgement>; changed: Target[]; report: SettlementReport };

async function settleWithin(sql: Sql, submissions: readonly Submission[]): Promise<Settled> {
  // A settlement that cannot have its rows soon must not hold up those behind it.
  await sql`set local lock_timeout = '1s'`;
  const named = await address(sql, submissions);
  const payments = await loadPayments(sql, [...new Set(named.map(({ transactionId }) => transactionId))]);
  // Only who holds the payments knows what is stored: the same arrival may be settled elsewhere at this moment.
  const fresh = await withoutThoseStored(sql, submissions);
  const freshIds = new Set(fresh.map(({ id }) => id));
  const addressed = [...new Map(named.map((item) => [item.id, item])).values()].filter(({ id }) =>
    freshIds.has(id),
  );
  const foreignReceipts = await claimReceipts(sql, addressed, payments);
  const byPayment = Map.groupBy(addressed, ({ transactionId }) => transactionId);
  const settlements = [...payments].map(([id, locked]) =>
    settleOne(locked, byPayment.get(id) ?? [], foreignReceipts),
  );
  const known = new Set(
    addressed.filter(({ transactionId }) => payments.has(transactionId)).map(({ id }) => id),
  );
  const unmatched = fresh.filter(({ id }) => !known.has(id));
  await storeSettlement(sql, [...payments.keys()], settlements, unmatched);

  const judgements = new Map(settlements.flatMap((settlement) => [...settlement.judgements]));
  const stored = submissions.filter(({ id }) => !freshIds.has(id));
  for (const { id } of stored) judgements.set(id, judgement('DUPLICATE', 'Stored before.'));
  const targets = [...payments.keys()].flatMap((id, index) => {
    const settlement = settlements[index];
    return settlement === undefined ? [] : [{ id, settlement }];
  });
  const changed = targets.filter(({ settlement }) => settlement.decision.events.length > 0);
  const settled = targets.flatMap(({ id, settlement }) => {
    const payment = payments.get(id);
    return payment === undefined ? [] : [{ settlement, createdAt: payment.createdAt }];
  });
  return { judgements, changed, report: reportOn(settled, submissions, judgements) };
}

/** Each arrival once: neither twice in one batch nor after it was stored. */
async function withoutThoseStored(sql: Sql, submissions: readonly Submission[]): Promise<Submission[]> {
  const byId = new Map(submissions.map((submission) => [submission.id, submission]));
  const ids = [...byId.values()].filter(leavesEvidence).map(({ id }) => id);
  if (ids.length === 0) return [...byId.values()];
  // An UNMATCHED one is stored and yet to be settled: it comes again when its payment is known.
  const stored = await sql<{ id: string }>`
    select id::text from evidence where id = any(${ids}::uuid[]) and verdict <> 'UNMATCHED'`;
  for (const { id } of stored) byId.delete(id);
  return [...byId.values()];
}

/** What Daraja answered to a push leaves none, and may be heard twice without harm. */
function leavesEvidence(submission: Submission): boolean {
  return submission.body !== null || (submission.kind === 'evidence' && submission.evidence.kind === 'query');
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

/**
 * Gives each receipt to the payment that names it first, for ever, in receipt order so that two settlements cannot
 * wait for each other. Answers with those that belong to another payment than the one that names them.
 */
async function claimReceipts(
  sql: Sql,
  addressed: readonly Addressed[],
  payments: ReadonlyMap<string, LockedPayment>,
): Promise<Set<string>> {
  const claims = claimsOf(addressed.filter(({ transactionId }) => payments.has(transactionId)));
  if (claims.length === 0) return new Set();
  claims.sort((a, b) => (a.receipt < b.receipt ? -1 : Number(a.receipt > b.receipt)));
  const claimed = await sql<{ receipt: string }>`
    insert into receipts (receipt, transaction_id, created_at)
    select receipt, "transactionId", "createdAt"
    from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as n(
      receipt text, "transactionId" uuid, "createdAt" timestamptz)
    on conflict do nothing
    returning receipt`;
  if (claimed.length === claims.length) return new Set();
  const holders = await holdersOf(
    sql,
    claims.map(({ receipt }) => receipt),
  );
  return new Set(
    claims
      .filter(({ receipt, transactionId }) => holders.get(receipt) !== transactionId)
      .map(({ receipt, transactionId }) => claimKey(receipt, transactionId)),
  );
}

/** In a statement of its own: one that waited for another settlement's claim does not see it. */
async function holdersOf(sql: Sql, receipts: readonly string[]): Promise<Map<string, string>> {
  const held = await sql<Pick<Claim, 'receipt' | 'transactionId'>>`
    select receipt, transaction_id::text as "transactionId" from receipts
    where receipt = any(${receipts}::text[])`;
  return new Map(held.map(({ receipt, transactionId }) => [receipt, transactionId]));
}

type Claim = { receipt: string; transactionId: string; createdAt: Date };

/** Each once, however often it is made. */
function claimsOf(addressed: readonly Addressed[]): Claim[] {
  const claims = new Map<string, Claim>();
  for (const { transactionId, receivedAt: createdAt, ...item } of addressed) {
    if (item.kind !== 'evidence' || item.evidence.kind !== 'callback' || !isPaid(item.evidence)) continue;
    const { receipt } = item.evidence;
    if (receipt !== null) claims.set(claimKey(receipt, transactionId), { receipt, transactionId, createdAt });
  }
  return [...claims.values()];
}

const claimKey = (receipt: string, transactionId: string): string => `${receipt} ${transactionId}`;

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
