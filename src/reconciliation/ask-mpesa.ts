import type { AccessToken } from '../daraja/access-token.ts';
import type { Daraja } from '../daraja/daraja.ts';
import type { Logger } from '../lib/logger.ts';
import { storable } from '../lib/storable-text.ts';
import { untraced, type Trace } from '../lib/trace.ts';
import { askAgain, type DuePayment } from './due-payments.ts';
import { samePause } from './ladder.ts';
import type { QueryBudget } from './query-budget.ts';
import { settleQueryAnswer, type SettleQueryDeps } from './settle-query-answer.ts';

export type AskDeps = SettleQueryDeps & {
  logger: Logger;
  daraja: Daraja;
  budget: QueryBudget;
  trace?: Trace;
};

/** After an invalid token: as soon as there is a new one. */
const afterTokenMs = 1_000;

/**
 * Asks one question, for which a slot was taken, and settles the answer. One that cannot be stored, or whose process dies,
 * is asked again when the lease has run out.
 */
export async function askMpesa(deps: AskDeps, token: AccessToken, payment: DuePayment): Promise<void> {
  const { trace = untraced } = deps;
  const step = { transactionId: payment.id, rung: payment.rung };
  deps.logger.info(step, 'query asked');
  const answer = await trace('query status', { 'malipo.transaction.id': payment.id }, () =>
    deps.daraja.stkQuery(token, payment.checkoutRequestId),
  );
  const { outcome } = answer;
  const resultCode = outcome === 'result' ? { resultCode: storable(answer.resultCode, 40) } : {};
  deps.logger.info({ ...step, outcome, ...resultCode }, 'query answered');
  const pauseMs = samePause(deps.ladderMs, payment.rung);
  switch (answer.outcome) {
    case 'result':
      return settleQueryAnswer(
        deps,
        payment,
        storable(answer.resultCode, 40),
        storable(answer.resultDescription, 500),
      );
    case 'too-early-or-unknown-id':
      // Too late it proves nothing either: for how long M-Pesa knows an id is written nowhere (daraja.md §12).
      if (!payment.isYoung) deps.logger.warn({ transactionId: payment.id }, answer.message);
      return settleQueryAnswer(deps, payment, null, answer.message);
    case 'pending':
      return settleQueryAnswer(deps, payment, null, answer.message);
    case 'invalid-token':
      await deps.daraja.discardAccessToken(token.version);
      return askAgain(deps.prisma, payment, afterTokenMs);
    case 'throttled':
      await deps.budget.slowDown();
      return askAgain(deps.prisma, payment, pauseMs);
    case 'refused':
      // An answer, though no result: asked at the same pace for ever, it would use up the budget and alarm nobody.
      deps.logger.error({ transactionId: payment.id, advice: answer.advice }, answer.message);
      return settleQueryAnswer(deps, payment, null, storable(answer.message, 500));
    case 'no-answer':
      deps.logger.warn({ transactionId: payment.id }, answer.message);
      return askAgain(deps.prisma, payment, pauseMs);
  }
}
