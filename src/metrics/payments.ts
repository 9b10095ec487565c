import { Counter, Histogram, type Registry } from 'prom-client';
import type { RequestedPayment } from '../transactions/request-payment.ts';
import type { Move, SettlementReport } from '../transactions/settle/settlement-report.ts';
import { isFinal } from '../transactions/decide/status.ts';

export type PaymentMetrics = {
  requested: (outcome: RequestedPayment['outcome']) => void;
  settled: (report: SettlementReport) => void;
};

/** From a payer who has the phone in hand to one who is found by the daily look. In seconds. */
const paidBuckets = [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 900, 3_600, 86_400];

/** Whether payments flow: asked for, settled how and by whom, and how long that took. */
export function paymentMetrics(registry: Registry): PaymentMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'malipo_payment_requests_total',
    help: 'Requests for a payment, by what became of them: requested is a new payment.',
    labelNames: ['outcome'],
    registers,
  });
  const settled = new Counter({
    name: 'malipo_payments_settled_total',
    help: 'Payments that became final, by status, reason of failure and whose word it was. A failure that proves to be paid counts twice: see malipo_payments_corrected_total.',
    labelNames: ['status', 'failure_reason', 'source'],
    registers,
  });
  const corrected = new Counter({
    name: 'malipo_payments_corrected_total',
    help: 'Payments that were final, and of which better evidence then said that they are paid.',
    labelNames: ['from', 'source'],
    registers,
  });
  const timeToPaid = new Histogram({
    name: 'malipo_payment_time_to_paid_seconds',
    help: 'From the request to the word that it is paid, by whose word that was.',
    labelNames: ['source'],
    buckets: paidBuckets,
    registers,
  });
  const callbackDelay = new Histogram({
    name: 'malipo_callback_after_acceptance_seconds',
    help: 'From M-Pesa accepting the prompt to the callback that settled the payment: how long the payer took, and M-Pesa after that.',
    buckets: paidBuckets,
    registers,
  });
  const evidence = new Counter({
    name: 'malipo_evidence_total',
    help: 'What was said about payments, by who said it and the verdict that it got. What waited for its payment counts again when that is known.',
    labelNames: ['source', 'verdict'],
    registers,
  });
  const raised = new Counter({
    name: 'malipo_attention_raised_total',
    help: 'Reasons for a person to look at a payment, as they arose.',
    labelNames: ['reason'],
    registers,
  });

  // A series that is not there cannot be seen to rise: these are what alerts are about.
  requests.inc({ outcome: 'requested' }, 0);
  for (const source of ['CALLBACK', 'QUERY'] as const)
    settled.inc({ status: 'COMPLETED', failure_reason: 'NONE', source }, 0);

  function count(move: Move): void {
    const { from, to, source, failureReason } = move;
    if (!isFinal(to)) return;
    settled.inc({ status: to, failure_reason: failureReason ?? 'NONE', source });
    if (isFinal(from)) corrected.inc({ from, source });
    if (to === 'COMPLETED') timeToPaid.observe({ source }, seconds(move.msSinceRequest));
    if (source === 'CALLBACK' && !isFinal(from) && move.msSinceAcceptance !== null)
      callbackDelay.observe(seconds(move.msSinceAcceptance));
  }

  return {
    requested: (outcome) => requests.inc({ outcome }),
    settled({ moves, judged, raised: reasons }) {
      for (const move of moves) count(move);
      for (const { source, verdict } of judged) evidence.inc({ source, verdict });
      for (const reason of reasons) raised.inc({ reason });
    },
  };
}

/** Processes of two machines may disagree about the time. */
function seconds(ms: number): number {
  return Math.max(0, ms / 1_000);
}
