import type { Sql } from '../../database/sql.ts';
import { judgement, type Judgement } from '../decide/evidence.ts';
import { isPaid, isResult } from '../decide/outcomes.ts';
import type { Settlement, Target } from './settlement.ts';
import { attemptOf, hashOf, type Submission } from './submission.ts';

/** What is stored of what was said, and what only raises a count. */
export type EvidenceToKeep = {
  rows: EvidenceRow[];
  /** For each body that says nothing new, the evidence that it is counted with. */
  counted: string[];
  /** Those bodies. */
  dropped: string[];
};

/** Bodies that say nothing new are counted with the one that said it. */
export function evidenceToKeep(targets: readonly Target[], unmatched: readonly Submission[]): EvidenceToKeep {
  const perPayment = targets.map(({ settlement }) => evidenceOf(settlement));
  return {
    rows: [
      ...perPayment.flatMap(({ kept }) => kept),
      ...unmatched.flatMap((submission) => rowFor(submission, judgeUnmatched(submission), false)),
    ],
    counted: perPayment.flatMap(({ counted }) => counted),
    dropped: perPayment.flatMap(({ dropped }) => dropped),
  };
}

/** After the rows are stored: it may be one of them that is counted. */
export async function countRepeats(sql: Sql, { counted, dropped }: EvidenceToKeep): Promise<void> {
  if (counted.length === 0) return;
  await sql`
    update evidence e set repeats = e.repeats + n.times
    from (select id, count(*)::int as times from unnest(${counted}::uuid[]) as id group by id) n where e.id = n.id`;
  // What is only counted may have waited, stored, for its payment: it must not wait for ever.
  await sql`delete from evidence where id = any(${dropped}::uuid[]) and verdict = 'UNMATCHED'`;
}

/** After the rows are stored, which may have been here before, and matched since. */
export async function fileUnmatched(sql: Sql, { rows }: EvidenceToKeep): Promise<void> {
  const unmatched = rows.filter((row) => row.verdict === 'UNMATCHED').map(({ id }) => id);
  if (unmatched.length === 0) return;
  await sql`
    insert into unmatched_evidence (evidence_id, checkout_request_id)
    select id, coalesce(checkout_request_id, '') from evidence
    where id = any(${unmatched}::uuid[]) and verdict = 'UNMATCHED'
    on conflict do nothing`;
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
function mustBeKept({ verdict, resultCode: code, resultDescription: description }: EvidenceRow): boolean {
  const saysPaid = code !== null && isPaid({ resultCode: code, resultDescription: description ?? '' });
  return verdict === 'APPLIED' || (verdict === 'CONFLICT' && saysPaid);
}

export type EvidenceRow = ReturnType<typeof rowFor>[number];
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
      verdictReason: judged.reason,
      transactionId: isKnown && 'transactionId' in submission ? submission.transactionId : null,
      attemptNumber: attemptOf(submission),
      receivedAt: submission.receivedAt,
      peer: submission.peer,
      body: submission.body,
      bodyHash: hash ?? '',
      merchantRequestId: callback?.merchantRequestId ?? null,
      checkoutRequestId: callback?.checkoutRequestId ?? null,
      resultCode: said !== null && 'resultCode' in said ? said.resultCode : null,
      resultDescription: wordsOf(said),
      receipt: callback?.receipt ?? null,
      amountCents: callback?.amountCents ?? null,
      paidAt: callback?.paidAt ?? null,
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

/** What is said of a submission whose payment is not known. */
export function judgeUnmatched(submission: Submission): Judgement {
  return 'reason' in submission
    ? judgement('INVALID', submission.reason)
    : judgement('UNMATCHED', 'No payment with this CheckoutRequestID is known.');
}
