import type { Sql } from '../../database/sql.ts';
import { judgement, type Judgement } from '../decide/evidence.ts';
import { isPaid, isResult } from '../decide/outcomes.ts';
import type { Settlement, Target } from './settlement.ts';
import { attemptOf, hashOf, type Submission } from './submission.ts';

/** Stores what was said, with its verdict: bodies that say nothing new are counted with the one that said it. */
export async function keepEvidence(
  sql: Sql,
  targets: readonly Target[],
  unmatched: readonly Submission[],
): Promise<void> {
  const perPayment = targets.map(({ settlement }) => evidenceOf(settlement));
  const rows = [
    ...perPayment.flatMap(({ kept }) => kept),
    ...unmatched.flatMap((submission) => rowFor(submission, judgeUnmatched(submission), false)),
  ];
  await insertEvidence(sql, rows);
  const counted = perPayment.flatMap((evidence) => evidence.counted);
  if (counted.length > 0) {
    await sql`
      update evidence e set repeats = e.repeats + n.times
      from (select id, count(*)::int as times from unnest(${counted}::uuid[]) as id group by id) n where e.id = n.id`;
    await forgetUnmatched(
      sql,
      perPayment.flatMap((evidence) => evidence.dropped),
    );
  }
}

/** What is only counted may have waited, stored, for its payment: it must not wait for ever. */
async function forgetUnmatched(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql`delete from evidence where id = any(${ids}::uuid[]) and verdict = 'UNMATCHED'`;
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
  const saysPaid = code !== null && isPaid({ resultCode: code, resultDescription: description ?? '' });
  return verdict === 'APPLIED' || (verdict === 'CONFLICT' && saysPaid);
}

type EvidenceRow = ReturnType<typeof rowFor>[number];
type SaidEvidence = Extract<Submission, { evidence: unknown }>['evidence'] | null;

/** Kept is every callback, what a person did, and of the queries those that gave a result; attempts tell of prompts. */
function rowFor(submission: Submission, judged: Judgement, isKnown: boolean) {
  const hash = hashOf(submission);
  const said = 'evidence' in submission ? submission.evidence : null;
  if (hash === null && !isWorthKeeping(said, judged)) return [];
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
      result_description: wordsOf(said),
      receipt: callback?.receipt ?? null,
      amount_cents: callback?.amountCents ?? null,
      paid_at: callback?.paidAt ?? null,
    },
  ];
}

function isWorthKeeping(said: SaidEvidence, { verdict }: Judgement): boolean {
  if (said?.source === 'OPERATOR') return verdict === 'APPLIED';
  return said?.kind === 'query' && isResult(said);
}

function wordsOf(said: SaidEvidence): string | null {
  if (said?.source === 'OPERATOR') return said.reason;
  return said !== null && 'resultDescription' in said ? said.resultDescription : null;
}

async function insertEvidence(sql: Sql, rows: readonly EvidenceRow[]): Promise<void> {
  if (rows.length === 0) return;
  // An UNMATCHED row whose payment has become known gets its verdict. A verdict that was given is never taken back: the
  // same arrival may have been settled elsewhere while this settlement, which did not know its payment, stood still.
  await sql`
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
      transaction_id = excluded.transaction_id, attempt_number = excluded.attempt_number
    where evidence.verdict = 'UNMATCHED'`;
  await fileUnmatched(sql, rows);
}

async function fileUnmatched(sql: Sql, rows: readonly EvidenceRow[]): Promise<void> {
  const matched = rows.filter((row) => row.verdict !== 'UNMATCHED' && row.body !== null);
  const unmatched = rows.filter((row) => row.verdict === 'UNMATCHED');
  if (matched.length > 0) {
    await sql`
      delete from unmatched_evidence where evidence_id = any(${matched.map(({ id }) => id)}::uuid[])`;
  }
  if (unmatched.length > 0) {
    await sql`
      insert into unmatched_evidence (evidence_id, checkout_request_id)
      select id, coalesce(checkout_request_id, '') from evidence
      where id = any(${unmatched.map(({ id }) => id)}::uuid[]) and verdict = 'UNMATCHED'
      on conflict do nothing`;
  }
}

/** What is said of a submission whose payment is not known. */
export function judgeUnmatched(submission: Submission): Judgement {
  return 'reason' in submission
    ? judgement('INVALID', submission.reason)
    : judgement('UNMATCHED', 'No payment with this CheckoutRequestID is known.');
}
