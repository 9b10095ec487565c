import type { Decision } from './decide.ts';
import { judgement, type Evidence, type Judgement } from './evidence.ts';
import type { Tx } from './load-payments.ts';
import { outcomeOfResult } from './outcomes.ts';
import type { Payment } from './payment.ts';
import { isFinal } from './status.ts';
import { attemptOf, hashOf, type Addressed, type Submission } from './submission.ts';

/** What one database transaction does to one payment. */
export type Settlement = {
  before: Payment;
  decision: Decision;
  submissions: readonly Addressed[];
  judgements: ReadonlyMap<string, Judgement>;
  /** Submissions whose very bytes were stored before, each with the evidence that has them. */
  repeated: ReadonlyMap<string, string>;
  /** Evidence that was stored before all this, if any. */
  oldest: string | undefined;
  /** How many more bodies that move nothing may be kept. */
  room: number;
};

type Target = { id: string; settlement: Settlement };

/** Writes settlements in statements whose number does not grow with the batch, except for answers of Daraja. */
export async function storeSettlement(
  tx: Tx,
  ids: readonly string[],
  settlements: readonly Settlement[],
  unmatched: readonly Submission[],
): Promise<void> {
  const targets = settlements.map((settlement, index): Target => ({ id: ids[index] ?? '', settlement }));
  await movePayments(tx, targets);
  await appendEvents(tx, targets);
  await keepEvidence(tx, targets, unmatched);
  await keepIds(tx, targets);
  for (const { id, settlement } of targets) {
    for (const submission of settlement.submissions) {
      const isApplied = settlement.judgements.get(submission.id)?.verdict === 'APPLIED';
      if (submission.kind === 'evidence' && (isApplied || submission.evidence.source !== 'TIMER')) {
        await noteAnswer(tx, id, submission.evidence, submission.receivedAt);
      }
    }
  }
  await scheduleWork(tx, targets);
}

async function movePayments(tx: Tx, targets: readonly Target[]): Promise<void> {
  const rows = targets.flatMap(({ id, settlement: { before, decision, submissions } }) => {
    const columns = columnsOf(decision.payment);
    if (JSON.stringify(columns) === JSON.stringify(columnsOf(before))) return [];
    return [{ id, ...columns, updated_at: submissions.at(-1)?.receivedAt }];
  });
  if (rows.length === 0) return;
  await tx.$executeRaw`
    update transactions t set
      status = n.status::"TransactionStatus", sequence = n.sequence, paid_amount_cents = n.paid_amount_cents,
      mpesa_receipt_number = n.mpesa_receipt_number, paid_at = n.paid_at, result_code = n.result_code,
      result_description = n.result_description, failure_reason = n.failure_reason::"FailureReason",
      settled_rank = n.settled_rank, attention = n.attention::"AttentionReason"[], accepted_at = n.accepted_at,
      settled_at = n.settled_at, merchant_request_id = n.merchant_request_id,
      checkout_request_id = n.checkout_request_id,
      -- Evidence that waited for its payment is older than what happened meanwhile.
      updated_at = greatest(t.updated_at, n.updated_at)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n(
      id uuid, status text, sequence int, paid_amount_cents int, mpesa_receipt_number text, paid_at timestamptz,
      result_code text, result_description text, failure_reason text, settled_rank smallint, attention text[],
      accepted_at timestamptz, settled_at timestamptz, merchant_request_id text, checkout_request_id text,
      updated_at timestamptz)
    where t.id = n.id`;
}

function columnsOf(payment: Payment) {
  return {
    status: payment.status,
    sequence: payment.sequence,
    paid_amount_cents: payment.paidAmountCents,
    mpesa_receipt_number: payment.receipt,
    paid_at: payment.paidAt,
    result_code: payment.resultCode,
    result_description: payment.resultDescription,
    failure_reason: payment.failureReason,
    settled_rank: payment.settledRank,
    attention: payment.attention,
    accepted_at: payment.acceptedAt,
    settled_at: payment.settledAt,
    merchant_request_id: payment.merchantRequestId,
    checkout_request_id: payment.checkoutRequestId,
  };
}

async function appendEvents(tx: Tx, targets: readonly Target[]): Promise<void> {
  const rows = targets.flatMap(({ id, settlement }) =>
    settlement.decision.events.map((event) => ({ transactionId: id, ...event })),
  );
  if (rows.length > 0) await tx.transactionEvent.createMany({ data: rows });
}

async function keepEvidence(
  tx: Tx,
  targets: readonly Target[],
  unmatched: readonly Submission[],
): Promise<void> {
  const perPayment = targets.map(({ settlement }) => evidenceOf(settlement));
  const rows = [
    ...perPayment.flatMap(({ kept }) => kept),
    ...unmatched.flatMap((submission) => rowFor(submission, judgeUnmatched(submission), false)),
  ];
  await insertEvidence(tx, rows);
  const counted = perPayment.flatMap((evidence) => evidence.counted);
  if (counted.length > 0) {
    await tx.$executeRaw`
      update evidence e set repeats = e.repeats + n.times
      from (select id, count(*)::int as times from unnest(${counted}::uuid[]) as id group by id) n where e.id = n.id`;
    await forgetUnmatched(
      tx,
      perPayment.flatMap((evidence) => evidence.dropped),
    );
  }
}

/** What is only counted may have waited, stored, for its payment: it must not wait for ever. */
async function forgetUnmatched(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.evidence.deleteMany({ where: { id: { in: [...ids] }, verdict: 'UNMATCHED' } });
}

/** Splits what came for one payment into what is kept and what only raises the count of something kept. */
function evidenceOf({ submissions, judgements, repeated, oldest, room }: Settlement) {
  const all = submissions.flatMap((submission) => {
    const judged = judgements.get(submission.id);
    return judged === undefined ? [] : rowFor(submission, judged, true);
  });
  const fresh = all.filter((row) => !repeated.has(row.id));
  const kept = fresh.filter((row, index) => mustBeKept(row) || index < room);
  const beyond = fresh.filter((row) => !kept.includes(row)).map(({ id }) => id);
  const counted = [...repeated.values(), ...beyond.map(() => oldest ?? kept[0]?.id ?? '')];
  return { kept, counted, dropped: [...repeated.keys(), ...beyond] };
}

/** Whatever moved the payment, and every word that money was paid: a later decision may turn on it. */
function mustBeKept({ verdict, result_code: code, result_description: description }: EvidenceRow): boolean {
  const saysPaid = code !== null && outcomeOfResult(code, description ?? '').kind === 'paid';
  return verdict === 'APPLIED' || (verdict === 'CONFLICT' && saysPaid);
}

type EvidenceRow = ReturnType<typeof rowFor>[number];

/** Every callback is kept, and of the queries those that gave a result; the attempts tell of the prompts. */
function rowFor(submission: Submission, judged: Judgement, isKnown: boolean) {
  const hash = hashOf(submission);
  const said = 'evidence' in submission ? submission.evidence : null;
  if (hash === null && !(said?.kind === 'query' && isResult(said))) return [];
  const callback = said?.kind === 'callback' ? said : null;
  return [
    {
      id: submission.id,
      source: said?.source ?? 'CALLBACK',
      verdict: judged.verdict,
      verdict_reason: judged.reason,
      transaction_id: isKnown && 'transactionId' in submission ? submission.transactionId : null,
      attempt_number: attemptOf(submission),
      received_at: submission.receivedAt,
      peer: submission.peer,
      body: submission.body?.toString('base64') ?? null,
      body_hash: hash ?? '',
      merchant_request_id: callback?.merchantRequestId ?? null,
      checkout_request_id: callback?.checkoutRequestId ?? null,
      result_code: said !== null && 'resultCode' in said ? said.resultCode : null,
      result_description: said !== null && 'resultDescription' in said ? said.resultDescription : null,
      receipt: callback?.receipt ?? null,
      amount_cents: callback?.amountCents ?? null,
      paid_at: callback?.paidAt ?? null,
    },
  ];
}

function isResult({
  resultCode,
  resultDescription,
}: {
  resultCode: string | null;
  resultDescription: string;
}) {
  return outcomeOfResult(resultCode ?? '', resultDescription).kind !== 'unknown';
}

async function insertEvidence(tx: Tx, rows: readonly EvidenceRow[]): Promise<void> {
  if (rows.length === 0) return;
  // An UNMATCHED row whose payment has become known gets its verdict.
  await tx.$executeRaw`
    insert into evidence (
      id, source, verdict, verdict_reason, transaction_id, attempt_number, received_at, peer, body, body_hash,
      merchant_request_id, checkout_request_id, result_code, result_description, receipt, amount_cents, paid_at)
    select
      id, source::"EvidenceSource", verdict::"EvidenceVerdict", verdict_reason, transaction_id, attempt_number,
      received_at, peer, decode(body, 'base64'), body_hash, merchant_request_id, checkout_request_id, result_code,
      result_description, receipt, amount_cents, paid_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n(
      id uuid, source text, verdict text, verdict_reason text, transaction_id uuid, attempt_number smallint,
      received_at timestamptz, peer text, body text, body_hash text, merchant_request_id text,
      checkout_request_id text, result_code text, result_description text, receipt text, amount_cents int,
      paid_at timestamptz)
    on conflict (id) do update set verdict = excluded.verdict, verdict_reason = excluded.verdict_reason,
      transaction_id = excluded.transaction_id, attempt_number = excluded.attempt_number`;
  await fileUnmatched(tx, rows);
}

async function fileUnmatched(tx: Tx, rows: readonly EvidenceRow[]): Promise<void> {
  const matched = rows.filter((row) => row.verdict !== 'UNMATCHED' && row.body !== null);
  const unmatched = rows.filter((row) => row.verdict === 'UNMATCHED');
  if (matched.length > 0) {
    await tx.$executeRaw`
      delete from unmatched_evidence where evidence_id = any(${matched.map(({ id }) => id)}::uuid[])`;
  }
  if (unmatched.length > 0) {
    await tx.unmatchedEvidence.createMany({
      data: unmatched.map((row) => ({
        evidenceId: row.id,
        checkoutRequestId: row.checkout_request_id ?? '',
      })),
      skipDuplicates: true,
    });
  }
}

/** Ids that an answer or a callback brought are filled in, whatever the state of the payment. */
async function keepIds(tx: Tx, targets: readonly Target[]): Promise<void> {
  const rows = targets.flatMap(({ id, settlement: { before, decision, submissions } }) =>
    [...decision.payment.checkoutRequestIds]
      .filter(([attempt]) => !before.checkoutRequestIds.has(attempt))
      .map(([number, checkoutRequestId]) => ({
        id,
        number,
        checkout: checkoutRequestId,
        merchant: merchantRequestIdOf(submissions, number),
      })),
  );
  if (rows.length === 0) return;
  await tx.$executeRaw`
    update attempts a set checkout_request_id = n.checkout, merchant_request_id = n.merchant
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n(id uuid, number smallint, checkout text, merchant text)
    where a.transaction_id = n.id and a.number = n.number`;
}

function merchantRequestIdOf(submissions: readonly Addressed[], attempt: number): string | null {
  for (const submission of submissions) {
    if (attemptOf(submission) !== attempt || submission.kind !== 'evidence') continue;
    const { evidence } = submission;
    if ('merchantRequestId' in evidence && evidence.merchantRequestId !== null)
      return evidence.merchantRequestId;
  }
  return null;
}

/** A push was answered: its attempt says how, and nobody holds the right to push any longer. */
async function noteAnswer(
  tx: Tx,
  transactionId: string,
  evidence: Evidence,
  receivedAt: Date,
): Promise<void> {
  if (evidence.kind === 'callback' || evidence.kind === 'query') return;
  const neverLeft = evidence.kind === 'prompt-refused' || evidence.kind === 'prompt-not-sent';
  await tx.attempt.updateMany({
    where: { transactionId, number: evidence.attempt },
    data: {
      ...(evidence.source === 'TIMER' ? {} : { answeredAt: receivedAt }),
      ...(neverLeft ? { dispatchedAt: null } : {}),
      ...('message' in evidence ? { message: evidence.message } : {}),
      ...('errorCode' in evidence ? { errorCode: evidence.errorCode } : {}),
    },
  });
  await tx.openWork.updateMany({
    where: { transactionId },
    data: { leaseHolder: null, leaseExpiresAt: null },
  });
}

/** Plans what is still to be done: nothing for what has just become final, unless M-Pesa is to be asked about it. */
async function scheduleWork(tx: Tx, targets: readonly Target[]): Promise<void> {
  const done = targets.filter(isDone).map(({ id }) => id);
  if (done.length > 0)
    await tx.$executeRaw`delete from open_work where transaction_id = any(${done}::uuid[])`;
  for (const { id, settlement } of targets.filter((target) => !isDone(target))) {
    await planNextLook(tx, id, settlement);
  }
  const now = targets.filter(({ settlement }) => settlement.decision.checkNow).map(({ id }) => id);
  if (now.length > 0) {
    await tx.$executeRaw`
      insert into open_work (transaction_id, next_check_at) select id, now() from unnest(${now}::uuid[]) as id
      on conflict (transaction_id) do update set next_check_at = now()`;
  }
}

function isDone({ settlement: { before, decision, submissions } }: Target): boolean {
  if (decision.checkNow || !isFinal(decision.payment.status)) return false;
  const answered = submissions.some(
    (item) => item.kind === 'evidence' && item.evidence.kind === 'query' && isResult(item.evidence),
  );
  return answered || decision.payment.status !== before.status;
}

/**
 * When M-Pesa is asked next. By the database's clock, which all processes share; and never later than what was planned
 * while the question was on its way: whoever wants to know now is not made to wait for the ladder.
 */
async function planNextLook(tx: Tx, transactionId: string, { before, decision, submissions }: Settlement) {
  const { suspectedCode } = decision.payment;
  for (const submission of submissions) {
    if (submission.kind !== 'evidence' || submission.evidence.kind !== 'query') continue;
    const { rung, pauseMs, plannedFor } = submission.evidence.next;
    await tx.$executeRaw`
      update open_work set rung = ${rung}, check_lease_until = null,
        next_check_at = case when next_check_at is distinct from ${plannedFor}::timestamptz then next_check_at
          else now() + ${pauseMs}::float8 * interval '1 ms' end,
        suspected_code = ${suspectedCode},
        confirm_after = case
          when ${suspectedCode}::text is null then null
          when ${suspectedCode} = ${before.suspectedCode}::text then confirm_after
          else now() + coalesce(${pauseMs}::float8, 0) * interval '1 ms' end
      where transaction_id = ${transactionId}::uuid`;
    return;
  }
  if (suspectedCode === before.suspectedCode) return;
  await tx.openWork.updateMany({ where: { transactionId }, data: { suspectedCode, confirmAfter: null } });
}

/** What is said of a submission whose payment is not known. */
export function judgeUnmatched(submission: Submission): Judgement {
  return 'reason' in submission
    ? judgement('INVALID', submission.reason)
    : judgement('UNMATCHED', 'No payment with this CheckoutRequestID is known.');
}
