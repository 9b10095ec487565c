import type {
  AttentionReason,
  EvidenceSource,
  EvidenceVerdict,
  FailureReason,
  TransactionStatus,
} from '../../database/generated/prisma/enums.ts';
import { judgeUnmatched } from './keep-evidence.ts';
import type { Settlement } from './settlement.ts';
import type { Submission } from './submission.ts';
import type { Judgement } from '../decide/evidence.ts';

/** A payment whose status changed, for whoever counts payments: it names no payment and no person. */
export type Move = {
  from: TransactionStatus;
  to: TransactionStatus;
  failureReason: FailureReason | null;
  source: EvidenceSource;
  msSinceRequest: number;
  /** Null where M-Pesa never accepted the prompt, or did so only now. */
  msSinceAcceptance: number | null;
};

/** What one settlement did, told after its commit. */
export type SettlementReport = {
  moves: Move[];
  judged: { source: EvidenceSource; verdict: EvidenceVerdict }[];
  /** Reasons for attention that were not there before. */
  raised: AttentionReason[];
};

export type ReportedSettlement = { settlement: Settlement; createdAt: Date };

export function reportOn(
  settled: readonly ReportedSettlement[],
  submissions: readonly Submission[],
  judgements: ReadonlyMap<string, Judgement>,
): SettlementReport {
  return {
    moves: settled.flatMap(moveOf),
    judged: submissions.map((submission) => ({
      source: sourceOf(submission),
      verdict: (judgements.get(submission.id) ?? judgeUnmatched(submission)).verdict,
    })),
    raised: settled.flatMap(({ settlement: { before, decision } }) =>
      decision.payment.attention.filter((reason) => !before.attention.includes(reason)),
    ),
  };
}

function moveOf({ settlement: { before, decision }, createdAt }: ReportedSettlement): Move[] {
  const { status: to, failureReason } = decision.payment;
  const event = decision.events.find(({ status }) => status === to);
  if (before.status === to || event === undefined) return [];
  const at = event.occurredAt.getTime();
  return [
    {
      from: before.status,
      to,
      failureReason,
      source: event.source,
      msSinceRequest: at - createdAt.getTime(),
      msSinceAcceptance: before.acceptedAt === null ? null : at - before.acceptedAt.getTime(),
    },
  ];
}

function sourceOf(submission: Submission): EvidenceSource {
  return submission.kind === 'evidence' ? submission.evidence.source : 'CALLBACK';
}
