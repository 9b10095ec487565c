import type { AccessToken } from './access-token.ts';
import type { CheckoutRequestId } from './checkout-request-id.ts';
import { findRefusal, type RefusalKind } from './refusals.ts';
import {
  type AnswerBody,
  type AnswerError,
  describeAnswer,
  readAnswerBody,
  textField,
} from './wire/answer-body.ts';
import type { HttpClient } from './wire/http-client.ts';
import { printableText } from './wire/printable-text.ts';
import type { StkSignature } from './wire/stk-signature.ts';

/** Messages are for a person, and hold no phone number, token or id. */
export type StkQueryAnswer =
  /** Includes "4999" and codes that nobody knows: `meaningOfResult` says what it means. */
  | { outcome: 'result'; resultCode: string; resultDescription: string }
  /** 500.001.1001 "being processed": an answer, not a failure. */
  | { outcome: 'pending'; message: string }
  /** 400.002.02 Invalid CheckoutRequestID: for some minutes after a push, it means only "too early". */
  | { outcome: 'too-early-or-unknown-id'; message: string }
  | { outcome: 'invalid-token'; message: string }
  /** 429, spike arrest, quota: ask less often. */
  | { outcome: 'throttled'; message: string }
  /** The query itself was turned down (credentials, short code): says nothing about the payment. */
  | { outcome: 'refused'; kind: RefusalKind; message: string; advice: string }
  /** Time-out, 5xx, HTML, empty body, unknown shape. */
  | { outcome: 'no-answer'; message: string };

export type StkQueryDeps = { http: HttpClient; sign: () => StkSignature };

type QueryOutcome = Exclude<StkQueryAnswer['outcome'], 'result'>;

const path = '/mpesa/stkpushquery/v1/query';

/** Asks Safaricom, once, what became of a push. Never throws for what Daraja or the network did. */
export async function stkQuery(
  deps: StkQueryDeps,
  token: AccessToken,
  checkoutRequestId: CheckoutRequestId,
): Promise<StkQueryAnswer> {
  const exchange = await deps.http.send({
    method: 'POST',
    path,
    headers: { authorization: `Bearer ${token.value.reveal()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...deps.sign(), CheckoutRequestID: checkoutRequestId.reveal() }),
  });
  if (exchange.outcome !== 'answered') return noAnswer(exchange.cause);
  return readAnswer(exchange.status, readAnswerBody(exchange.body), checkoutRequestId);
}

function readAnswer(status: number, body: AnswerBody, checkoutRequestId: CheckoutRequestId): StkQueryAnswer {
  const said = describeAnswer(status, body);
  if (body.error || status !== 200) return readError(status, body.error, said);
  return findResult(body, checkoutRequestId) ?? noAnswer(said);
}

function findResult({ fields }: AnswerBody, checkoutRequestId: CheckoutRequestId): StkQueryAnswer | null {
  const resultCode = resultCodeText(fields?.['ResultCode']);
  if (resultCode === null || fields?.['ResponseCode'] !== '0') return null;
  const answeredId = textField(fields, 'CheckoutRequestID');
  // The answer to another question must never settle this payment.
  if (answeredId !== null && answeredId !== checkoutRequestId.reveal()) {
    return noAnswer('the answer is about another payment');
  }
  return {
    outcome: 'result',
    resultCode,
    resultDescription: printableText(textField(fields, 'ResultDesc') ?? ''),
  };
}

/** Queries give strings and callbacks numbers; a whole number says the same, and becomes the same string. */
function resultCodeText(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() || null;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : null;
}

/** What only a query says, or says more exactly than `findRefusal` needs to. */
const queryErrors: readonly { code: string; message: RegExp; outcome: QueryOutcome }[] = [
  { code: '500.001.1001', message: /is being processed/i, outcome: 'pending' },
  { code: '400.002.02', message: /invalid checkoutrequestid/i, outcome: 'too-early-or-unknown-id' },
  { code: '500.003.02', message: /spike arrest violation/i, outcome: 'throttled' },
  { code: '500.003.03', message: /quota violation/i, outcome: 'throttled' },
  { code: 'policies.ratelimit.SpikeArrestViolation', message: /spike arrest/i, outcome: 'throttled' },
  { code: 'policies.ratelimit.QuotaViolation', message: /quota/i, outcome: 'throttled' },
];

/**
 * "Unable to lock subscriber" and the like may be about the payment or about the query: no evidence either way. "System is
 * busy" is not about our pace.
 */
const outcomeByRefusal: Record<RefusalKind, QueryOutcome> = {
  busy: 'no-answer',
  'invalid-token': 'invalid-token',
  'not-entitled': 'refused',
  'wrong-credentials': 'refused',
  'merchant-unknown': 'refused',
  'bad-request': 'refused',
  'merchant-not-permitted': 'refused',
  'subscriber-locked': 'no-answer',
  'payer-not-eligible': 'no-answer',
  duplicate: 'no-answer',
};

function readError(status: number, error: AnswerError | null, said: string): StkQueryAnswer {
  const known = queryErrors.find((row) => row.code === error?.code && row.message.test(error.message));
  const refusal = findRefusal(status, error);
  const outcome =
    known?.outcome ?? (status === 429 ? 'throttled' : refusal && outcomeByRefusal[refusal.kind]);
  const message = `Safaricom answered the status query: ${said}.`;
  if (outcome === 'refused' && refusal) return { outcome, ...refusal, message };
  return outcome && outcome !== 'refused' ? { outcome, message } : noAnswer(said);
}

function noAnswer(what: string): StkQueryAnswer {
  return { outcome: 'no-answer', message: `Safaricom gave no answer to the status query: ${what}.` };
}
