import { DarajaError } from '../daraja/daraja-error.ts';
import type { AccessToken } from '../daraja/access-token.ts';
import type { Daraja } from '../daraja/daraja.ts';
import type { StkPushAnswer } from '../daraja/stk-push.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { sleep } from '../lib/sleep.ts';
import { storable } from '../lib/storable-text.ts';
import { untraced, type Trace } from '../lib/trace.ts';
import type { PromptEvidence } from './decide/evidence.ts';
import { failureOfRefusal } from './decide/outcomes.ts';
import type { PaymentRequest } from './request-rules.ts';
import { settleAnswer, type SettleAnswerDeps } from './settle-answer.ts';
import { promptLeaseMs } from './writes/mark-dispatched.ts';

export type PromptDeps = SettleAnswerDeps & {
  clock: Clock;
  logger: Logger;
  daraja: Daraja;
  /** Where Daraja is to post the result of this attempt. */
  callbackUrl(transactionId: string, attempt: number): string;
  /** The pauses before the second, third and fourth attempt, in milliseconds. */
  resendPausesMs: readonly number[];
  trace?: Trace;
};

export type Prompt = { transactionId: string; leaseHolder: string; request: PaymentRequest };

/** An invalid token is answered by a new one, at most twice: more would only fight over it. */
const tokenRetriesMax = 2;

/**
 * Asks Daraja to prompt the payer and stores what came of it. Only what Daraja refuses before processing is sent
 * again, as an attempt of its own; whatever may have gone out is never repeated, because a second prompt may charge
 * twice. Sends only while the lease is held.
 */
export async function sendPrompt(deps: PromptDeps, prompt: Prompt): Promise<void> {
  let tokenRetries = 0;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await tryOnce(deps, prompt, attempt);
    if (answer === null) return;
    if (answer.outcome === 'refused') tokenRetries += answer.kind === 'invalid-token' ? 1 : 0;
    const pauseMs = deps.resendPausesMs[attempt - 1];
    const mayResend = isBeforeProcessing(answer) && tokenRetries <= tokenRetriesMax;
    if (!mayResend || pauseMs === undefined) {
      return settleAnswer(deps, prompt.transactionId, evidenceOf(answer, attempt));
    }
    if (!(await mayTryAgain(deps, prompt, attempt, answer))) {
      return settleAnswer(deps, prompt.transactionId, evidenceOf(answer, attempt));
    }
    const pause = pauseMs * (0.75 + Math.random() / 2);
    const { transactionId } = prompt;
    deps.logger.info(
      { transactionId, attempt: attempt + 1, afterMs: Math.round(pause) },
      'push to be sent again',
    );
    await sleep(pause);
  }
}

/** Real ids have at most 40 characters; an index takes no text of any length. */
const idLengthMax = 100;

type Answer = StkPushAnswer;

function isBeforeProcessing(answer: Answer): boolean {
  return answer.outcome === 'refused' && (answer.kind === 'busy' || answer.kind === 'invalid-token');
}

/** Null when the right to send is gone: the payment was settled, or another process took over. */
async function tryOnce(deps: PromptDeps, prompt: Prompt, attempt: number): Promise<Answer | null> {
  const token = await accessToken(deps);
  if ('outcome' in token) return token;
  const marked = await tryToMarkDispatched(deps, prompt, attempt);
  if (marked !== true) return marked;
  const { idempotencyKey: _key, metadata: _metadata, ...request } = prompt.request;
  const callbackUrl = deps.callbackUrl(prompt.transactionId, attempt);
  const { trace = untraced } = deps;
  const step = { transactionId: prompt.transactionId, attempt };
  const span = { 'malipo.transaction.id': prompt.transactionId, 'malipo.attempt': attempt };
  deps.logger.info(step, 'push dispatched');
  const answer = await trace('push prompt', span, () =>
    deps.daraja.stkPush(token, { ...request, callbackUrl }),
  );
  const { outcome } = answer;
  const refusal = outcome === 'refused' ? { kind: answer.kind, errorCode: answer.errorCode } : {};
  deps.logger.info({ ...step, outcome, ...refusal }, 'push answered');
  if (answer.outcome === 'refused' && answer.kind === 'invalid-token') {
    await deps.daraja.discardAccessToken(token.version);
  }
  return answer;
}

/** Without a token nothing is sent, so every failure to get one is an answer that leaves no doubt. */
async function accessToken({ daraja, logger }: PromptDeps): Promise<AccessToken | Answer> {
  try {
    return await daraja.accessToken();
  } catch (error) {
    if (!(error instanceof DarajaError)) throw error;
    if (error.reason === 'token-contended') logger.error({ code: 'TOKEN_CONTENDED' }, error.message);
    const { message, advice } = error;
    // A contended token ends the attempt: asking again would only prolong the contention.
    const kind = error.kind === 'invalid-token' ? 'bad-request' : error.kind;
    return kind === null
      ? { outcome: 'not-sent', message, advice }
      : { outcome: 'refused', kind, errorCode: null, message, advice };
  }
}

/** True: the push may be sent. Null: the right to send is gone. Else nothing was sent, and nobody else may send. */
async function tryToMarkDispatched(
  deps: PromptDeps,
  prompt: Prompt,
  attempt: number,
): Promise<true | Answer | null> {
  try {
    const { transactionId, leaseHolder } = prompt;
    return (await deps.writes.markDispatched({ transactionId, leaseHolder, attempt })) ? true : null;
  } catch (error) {
    // It may have been committed all the same: only we know that nothing followed.
    deps.logger.warn({ err: error, transactionId: prompt.transactionId }, 'a push could not be begun');
    const message = 'The database failed before the request to M-Pesa was sent: nobody was prompted.';
    return { outcome: 'not-sent', message, advice: 'Ask again.' };
  }
}

/** Where another attempt cannot be opened, the refusal of this one is the answer: it proves that nobody was prompted. */
async function mayTryAgain(
  deps: PromptDeps,
  prompt: Prompt,
  attempt: number,
  answer: Answer,
): Promise<boolean> {
  try {
    return await openNextAttempt(deps, prompt, attempt, answer);
  } catch (error) {
    const { transactionId } = prompt;
    deps.logger.warn(
      { err: error, transactionId },
      'another attempt could not be opened; the refusal stands',
    );
    return false;
  }
}

/** Notes that Daraja refused this attempt, which proves that it prompted nobody, and opens the next in one commit. */
async function openNextAttempt(
  deps: PromptDeps,
  prompt: Prompt,
  attempt: number,
  answer: Answer,
): Promise<boolean> {
  const { transactionId, leaseHolder } = prompt;
  const now = deps.clock.now();
  return deps.prisma.$transaction(async (tx) => {
    await tx.$queryRaw`select id from transactions where id = ${transactionId}::uuid for update`;
    const renewed = await tx.$executeRaw`
      update open_work set lease_expires_at = now() + ${promptLeaseMs}::int * interval '1 ms'
      where transaction_id = ${transactionId}::uuid and lease_holder = ${leaseHolder} and lease_expires_at > clock_timestamp()`;
    await tx.attempt.update({
      where: { transactionId_number: { transactionId, number: attempt } },
      data: {
        dispatchedAt: null,
        answeredAt: now,
        errorCode: 'errorCode' in answer ? answer.errorCode : null,
        message: 'message' in answer ? answer.message : null,
      },
    });
    if (renewed === 0) return false;
    await tx.attempt.create({ data: { transactionId, number: attempt + 1, createdAt: now } });
    return true;
  });
}

function evidenceOf(answer: Answer, attempt: number): PromptEvidence {
  const said = { source: 'DARAJA_ANSWER', attempt } as const;
  switch (answer.outcome) {
    case 'accepted': {
      const merchantRequestId = storable(answer.merchantRequestId, idLengthMax) || null;
      const checkoutRequestId = storable(answer.checkoutRequestId.reveal(), idLengthMax);
      return { ...said, kind: 'prompt-accepted', merchantRequestId, checkoutRequestId };
    }
    case 'refused': {
      const { kind, errorCode } = answer;
      const failureReason = failureOfRefusal[kind];
      return { ...said, kind: 'prompt-refused', failureReason, errorCode, message: withAdvice(answer) };
    }
    case 'not-sent':
      return { ...said, kind: 'prompt-not-sent', message: withAdvice(answer) };
    case 'unknown':
      return { ...said, kind: 'prompt-unknown', message: withAdvice(answer) };
  }
}

/** What was said and what to do about it, for whoever reads the timeline. */
function withAdvice({ message, advice }: { message: string; advice: string }): string {
  return message.endsWith(advice) ? message : `${message} ${advice}`;
}
