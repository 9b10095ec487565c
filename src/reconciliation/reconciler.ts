import type { AccessToken } from '../daraja/access-token.ts';
import { DarajaError } from '../daraja/daraja-error.ts';
import { eachAlone } from '../lib/each-alone.ts';
import { sleep } from '../lib/sleep.ts';
import { createTaskSet, type TaskSet } from '../lib/task-set.ts';
import { expireLeases } from '../transactions/expire-leases.ts';
import { sweepUnmatched } from '../transactions/settle/match-unmatched.ts';
import { askMpesa, type AskDeps } from './ask-mpesa.ts';
import { findUnaskable, giveBack, leaseNextPayment, untilNextQuestion } from './due-payments.ts';
import { settleQueryAnswer } from './settle-query-answer.ts';

export type ReconcilerDeps = AskDeps & {
  /** Between two looks for something to do, in milliseconds. */
  idleMs: number;
};

/** Without a token nothing can be asked, and asking for one has no budget of its own. */
const withoutTokenMs = 5_000;
/** A slot that took longer to come is left unused: its question would arrive with the next one. */
const slotLifeMs = 3_000;

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
  await eachAlone(
    await findUnaskable(deps.prisma),
    (payment) => settleQueryAnswer(deps, payment, null, 'M-Pesa gave no id by which to ask.'),
    'Some payments that cannot be asked about could not be planned anew',
  );
}

/**
 * Asks one question if one is due and its slot has come, and goes on by itself while the answer is awaited. The slot is the
 * last thing before the question: whatever came between them would bring questions together.
 */
async function askNext(deps: ReconcilerDeps, questions: TaskSet): Promise<number> {
  const { prisma, budget, idleMs } = deps;
  const waitMs = await untilNextQuestion(prisma, budget);
  if (waitMs === null || waitMs > 0) return Math.min(waitMs ?? idleMs, idleMs);
  const token = await accessToken(deps);
  if (token === null) return withoutTokenMs;
  const startedAt = performance.now();
  const payment = await leaseNextPayment(prisma, budget);
  if (payment === null) return Math.min(budget.pauseMs, idleMs);
  if (performance.now() - startedAt < slotLifeMs) questions.add(askMpesa(deps, token, payment));
  else await giveBack(prisma, payment);
  // By this process's own clock too, whatever the database's does.
  return budget.pauseMs;
}

async function accessToken({ daraja, logger }: ReconcilerDeps): Promise<AccessToken | null> {
  try {
    return await daraja.accessToken();
  } catch (error) {
    if (!(error instanceof DarajaError)) throw error;
    logger.warn({ err: error }, 'M-Pesa cannot be asked: there is no access token');
    return null;
  }
}
