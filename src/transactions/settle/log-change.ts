import type { Logger } from '../../lib/logger.ts';
import type { Target } from './settlement.ts';

/** One line for each step of a payment, without the words in which it was told: they may be anybody's. */
export function logChange(logger: Pick<Logger, 'info'>, { id, settlement }: Target): void {
  const { events, payment } = settlement.decision;
  for (const { sequence, status, source, resultCode } of events) {
    const step = {
      transactionId: id,
      attempt: payment.latestAttempt,
      sequence,
      status,
      evidence: source,
      resultCode,
    };
    const { failureReason, attention } = payment;
    logger.info(
      { ...step, failureReason, ...(attention.length > 0 ? { attention } : {}) },
      'payment changed',
    );
  }
}
