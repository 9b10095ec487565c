import type { AnswerError } from './wire/answer-body.ts';

/** Why Daraja turned a request down. All were said before processing: nothing was started. */
export type RefusalKind =
  /** 429, 500.003.02, 500.003.03: the only ones that may be resent as they are. */
  | 'busy'
  /** Four codes; resend with another token. */
  | 'invalid-token'
  /** "No apiproduct match": the token is fine, the app lacks the product. A new token cannot help. */
  | 'not-entitled'
  | 'wrong-credentials'
  | 'merchant-unknown'
  | 'bad-request'
  | 'subscriber-locked'
  | 'payer-not-eligible'
  | 'merchant-not-permitted'
  /** An id of ours was seen before: *this* request was turned down, the one before it was not. */
  | 'duplicate';

export type Refusal = { kind: RefusalKind; advice: string };

type Row = { kind: RefusalKind; codes: readonly string[] | 'any'; message: RegExp; advice?: string };

const tokenCodes = ['404.001.03', '400.003.01', '401.002.01', '401.003.01'] as const;

/**
 * The closed list (daraja.md §2.3, §1): a code *and* a message, because 500.001.1001 has four meanings and 500.002.1001 two.
 * The first row that fits counts. Not on it, so the outcome stays unknown: "System internal error", "Service is currently
 * unreachable", "under maintenance", 500.003.1001, "The transaction is being processed", and whatever nobody has seen.
 */
const rows: readonly Row[] = [
  { kind: 'busy', codes: ['500.003.02'], message: /^system is busy|spike arrest violation/i },
  { kind: 'busy', codes: ['500.003.03'], message: /quota violation/i },
  { kind: 'busy', codes: ['policies.ratelimit.SpikeArrestViolation'], message: /^spike arrest violation/i },
  { kind: 'busy', codes: ['policies.ratelimit.QuotaViolation'], message: /quota/i },
  { kind: 'not-entitled', codes: tokenCodes, message: /no apiproduct match/i },
  { kind: 'invalid-token', codes: tokenCodes, message: /invalid access token/i },
  { kind: 'wrong-credentials', codes: ['500.001.1001'], message: /wrong credentials/i },
  { kind: 'merchant-unknown', codes: ['500.001.1001'], message: /merchant does not exist/i },
  { kind: 'subscriber-locked', codes: ['500.001.1001'], message: /unable to lock subscriber/i },
  { kind: 'duplicate', codes: ['500.002.1001'], message: /^duplicate originatorconversationid/i },
  // Invalid CheckoutRequestID is a query's answer, and says "too early" as often as "wrong": not a refusal.
  { kind: 'bad-request', codes: ['400.002.02'], message: /^bad request - invalid (?!checkoutrequestid)\w/i },
  { kind: 'bad-request', codes: ['400.002.05'], message: /^invalid request payload/i },
  {
    kind: 'bad-request',
    codes: ['400.003.02'],
    message: /^bad request/i,
    advice: 'Take words such as "mpesa" out of the callback URL, its host name included.',
  },
  {
    kind: 'bad-request',
    codes: ['404.001.01', '404.002.01', '404.003.01'],
    message: /^resource not found/i,
    advice: "Check the base URL: this path is not one of Daraja's.",
  },
  {
    kind: 'bad-request',
    codes: ['404.001.04', '405.001'],
    message: /^(invalid authentication header|method not allowed)/i,
    advice:
      'Check the base URL and what stands between: the request arrived with another method or other headers.',
  },
  // Seen as text whose code was not recorded.
  {
    kind: 'merchant-not-permitted',
    codes: 'any',
    message: /^merchant not allowed to carry out transaction type/i,
  },
  { kind: 'payer-not-eligible', codes: 'any', message: /^missing iccid value in request/i },
];

const adviceByKind: Record<RefusalKind, string> = {
  busy: 'Send it again after a pause.',
  'invalid-token': 'Send it again with a newer access token.',
  'not-entitled':
    'Add the product (M-Pesa Express) to the app on the Daraja portal; a new token or a retry does not help.',
  'wrong-credentials':
    'Check that short code and passkey belong together and to this environment (sandbox or production).',
  'merchant-unknown':
    'Check the short code: this environment (sandbox or production) does not know it. For a till, it is the store number.',
  'bad-request': 'Correct the field that Safaricom names before sending again.',
  'subscriber-locked':
    'Another M-Pesa session is open on that phone: wait at least a minute before asking again.',
  'payer-not-eligible': 'The number is not a Safaricom line that can be prompted: ask for another number.',
  'merchant-not-permitted':
    'Check transaction type, short code and party B; Safaricom must enable M-Pesa Express for this short code.',
  duplicate: 'Look up the first request before doing anything else.',
};

/** The refusal that this answer is, or null when it is none that we know for certain: HTTP status alone proves only 429. */
export function findRefusal(status: number, error: AnswerError | null): Refusal | null {
  const row = error && rows.find((candidate) => fits(candidate, error));
  if (row) return { kind: row.kind, advice: row.advice ?? adviceByKind[row.kind] };
  return status === 429 ? { kind: 'busy', advice: adviceByKind.busy } : null;
}

function fits({ codes, message }: Row, error: AnswerError): boolean {
  const sameCode = codes === 'any' || (error.code !== null && codes.includes(error.code));
  return sameCode && message.test(error.message);
}
