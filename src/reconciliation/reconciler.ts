import { DarajaError } from '../daraja/daraja-error.ts';
import type { Daraja } from '../daraja/daraja.ts';
import type { StkQueryAnswer } from '../daraja/stk-query.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import type { Logger } from '../lib/logger.ts';
import { sleep } from '../lib/sleep.ts';
import { storable } from '../lib/storable-text.ts';
import { createTaskSet, type TaskSet } from '../lib/task-set.ts';
import { expireLeases } from '../transactions/expire-leases.ts';
import { sweepUnmatched } from '../transactions/match-unmatched.ts';
import { settle, type SettleDeps } from '../transactions/settle.ts';
import { askAgain, findUnaskable, isAnythingDue, leaseDuePayment, type DuePayment } from './due-payments.ts';
import { nextLook, samePause } from './ladder.ts';
import type { QueryBudget } from './query-budget.ts';

export type ReconcilerDeps = SettleDeps & {
  clock: Clock;
  logger: Logger;
  daraja: Daraja;
  budget: QueryBudget;
  /** Pauses between looks, in milliseconds. */
  ladderMs: readonly number[];
  /** Between two looks for something to do, in milliseconds. */
  idleMs: number;
};

/** After an invalid token: as soon as there is a new one. */
const afterTokenMs = 1_000;

/**
 * What Malipo does when Safaricom is silent: ends pushes whose process died, and asks about open payments, each on its
 * ladder and all within one budget. Any number of processes may do this at once.
 */
export function startReconciler(deps: ReconcilerDeps): AsyncDisposable {
  const stopping = new AbortController();
  const questions = createTaskSet((error) =>
    deps.logger.error({ err: error }, 'a status query could not be settled'),
  );
  const loops = [
    repeat(deps, stopping.signal, async () => {
      await sweep(deps);
      return deps.idleMs;
    }),
    repeat(deps, stopping.signal, () => askNext(deps, questions)),
  ];
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all(loops);
      await questions.drain();
    },
  };
}

/** `work` says how many milliseconds to wait before it is done again. */
async function repeat(deps: ReconcilerDeps, signal: AbortSignal, work: () => Promise<number>): Promise<void> {
  while (!signal.aborted) {
    let pauseMs = deps.idleMs;
    try {
      pauseMs = await work();
    } catch (error) {
      deps.logger.error({ err: error }, 'reconciliation stumbled; it goes on');
    }
    await sleep(pauseMs, signal);
  }
}

/** Each of these goes on where another stumbles. */
async function sweep(deps: ReconcilerDeps): Promise<void> {
  const outcomes = await Promise.allSettled([expireLeases(deps), sweepUnmatched(deps), passRungs(deps)]);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected')
      deps.logger.error({ err: outcome.reason as unknown }, 'a sweep stumbled; it goes on');
  }
}

async function passRungs(deps: ReconcilerDeps): Promise<void> {
  for (const payment of await findUnaskable(deps.prisma)) {
    await settleQuery(deps, payment, null, 'M-Pesa gave no id by which to ask.');
  }
}

/** Asks one question if one is due and its slot has come, and goes on by itself while the answer is awaited. */
async function askNext(deps: ReconcilerDeps, questions: TaskSet): Promise<number> {
  const { prisma, budget, idleMs } = deps;
  if (!(await isAnythingDue(prisma))) return idleMs;
  const slot = await budget.takeSlot();
  const payment = slot === null ? null : await leaseDuePayment(prisma, slot.isForLongestWaiting);
  if (payment !== null) questions.add(ask(deps, payment));
  return Math.min(budget.pauseMs, idleMs);
}

async function ask(deps: ReconcilerDeps, payment: DuePayment): Promise<void> {
  const answer = await query(deps, payment.checkoutRequestId);
  const pauseMs = samePause(deps.ladderMs, payment.rung);
  switch (answer.outcome) {
    case 'result':
      return settleQuery(
        deps,
        payment,
        storable(answer.resultCode, 40),
        storable(answer.resultDescription, 500),
      );
    case 'pending':
    case 'too-early-or-unknown-id':
      return settleQuery(deps, payment, null, answer.message);
    case 'invalid-token':
      return askAgain(deps.prisma, payment, afterTokenMs);
    case 'throttled':
      await deps.budget.slowDown();
      return askAgain(deps.prisma, payment, pauseMs);
    case 'refused':
      deps.logger.error({ transactionId: payment.id, advice: answer.advice }, answer.message);
      return askAgain(deps.prisma, payment, pauseMs);
    case 'no-answer':
      deps.logger.warn({ transactionId: payment.id }, answer.message);
      return askAgain(deps.prisma, payment, pauseMs);
  }
}

async function query({ daraja }: ReconcilerDeps, checkoutRequestId: string): Promise<StkQueryAnswer> {
  try {
    const token = await daraja.accessToken();
    const answer = await daraja.stkQuery(token, checkoutRequestId);
    if (answer.outcome === 'invalid-token') await daraja.discardAccessToken(token.version);
    return answer;
  } catch (error) {
    if (error instanceof DarajaError) return { outcome: 'no-answer', message: error.message };
    throw error;
  }
}

async function settleQuery(
  deps: ReconcilerDeps,
  payment: Omit<DuePayment, 'checkoutRequestId'>,
  resultCode: string | null,
  resultDescription: string,
): Promise<void> {
  const receivedAt = deps.clock.now();
  const { rung, pauseMs, stillOpen } = nextLook(deps.ladderMs, payment.rung);
  await settle(deps, [
    {
      kind: 'evidence',
      id: newId(receivedAt),
      receivedAt,
      peer: null,
      body: null,
      transactionId: payment.id,
      evidence: {
        kind: 'query',
        source: 'QUERY',
        resultCode,
        resultDescription,
        next: { rung, pauseMs, stillOpen, plannedFor: payment.plannedFor },
      },
    },
  ]);
}
