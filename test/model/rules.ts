/**
 * What design.md §2 and §3 say about payments, written from the document alone: a specification to run beside the code.
 * It knows neither rows nor batches. One word after the other is heard, and each changes the world as the rules say.
 */

type Status =
  'REQUESTED' | 'AWAITING_PAYER' | 'UNCONFIRMED' | 'COMPLETED' | 'CANCELLED' | 'EXPIRED' | 'FAILED';
type Verdict = 'APPLIED' | 'DUPLICATE' | 'CONFLICT';
type Source = 'API' | 'DARAJA_ANSWER' | 'CALLBACK' | 'QUERY' | 'TIMER';

export type Success = { kind: 'success'; receipt: string | null; cents: number | null; prompt: string };
/** `code` may be one that is on no list. */
export type Failure = { kind: 'failure'; code: string; prompt: string };
/** `code` null: being processed. `pause`: whether a rung passes before the next. `isLast`: the ladder is at its end. */
export type Query = { kind: 'query'; code: string | null; pause: boolean; isLast: boolean };
export type Answer = {
  kind: 'answer';
  answer: 'accepted' | 'refused' | 'not-sent' | 'unknown';
  prompt: string;
};
/** The process gets to the point of sending. */
type Dispatch = { kind: 'dispatch' };
/** The lease runs out and some process sees it. */
type LeaseEnd = { kind: 'lease-end' };
export type Word = Success | Failure | Query | Answer | Dispatch | LeaseEnd;

export type Payment = {
  status: Status;
  receipt: string | null;
  paidCents: number | null;
  resultCode: string | null;
  failureReason: string | null;
  rank: number | null;
  attention: string[];
  events: { status: Status; source: Source }[];
  dispatched: boolean;
  /** From here on nobody sees it directly. */
  hasLease: boolean;
  prompt: string | null;
  heard: { key: string; success: Success | null; isOurs: boolean }[];
  suspected: { code: string; mayConfirm: boolean } | null;
};

/** Whose a receipt is: the first success that names it says so, for ever. */
export type World = { payments: Payment[]; holders: Record<string, number> };

export const amountCents = 150_000;

export function requested(): Payment {
  return {
    status: 'REQUESTED',
    receipt: null,
    paidCents: null,
    resultCode: null,
    failureReason: null,
    rank: null,
    attention: [],
    events: [{ status: 'REQUESTED', source: 'API' }],
    dispatched: false,
    hasLease: true,
    prompt: null,
    heard: [],
    suspected: null,
  };
}

/** §4 of result codes, as far as the test uses them: everything else means "ask again later". */
const failures: Record<string, { status: Status; failureReason: string }> = {
  '1032': { status: 'CANCELLED', failureReason: 'CANCELLED_BY_PAYER' },
  '1037': { status: 'EXPIRED', failureReason: 'PAYER_UNREACHABLE' },
  '1': { status: 'FAILED', failureReason: 'INSUFFICIENT_FUNDS' },
};

const isOpen = ({ status }: Payment): boolean =>
  status === 'REQUESTED' || status === 'AWAITING_PAYER' || status === 'UNCONFIRMED';

const sources = {
  success: 'CALLBACK',
  failure: 'CALLBACK',
  query: 'QUERY',
  answer: 'DARAJA_ANSWER',
} as const;

/** Rule 3: each change of what a watcher sees raises the sequence by one and appends an event with its evidence. */
export function hear(before: World, index: number, word: Word): { world: World; verdict: Verdict } {
  const world = structuredClone(before);
  const payment = world.payments[index];
  if (payment === undefined) throw new Error('There is no such payment');
  const shown = visible(payment);
  const verdict = respond(world, index, payment, word);
  if (visible(payment) !== shown) {
    const source = word.kind in sources ? sources[word.kind as keyof typeof sources] : 'TIMER';
    payment.events.push({ status: payment.status, source });
  }
  if (!isOpen(payment)) Object.assign(payment, { hasLease: false, suspected: null });
  payment.attention = [...new Set(payment.attention)].sort();
  return { world, verdict };
}

function visible({ status, resultCode, failureReason, receipt, paidCents }: Payment): string {
  return JSON.stringify([status, resultCode, failureReason, receipt, paidCents]);
}

function respond(world: World, index: number, payment: Payment, word: Word): Verdict {
  switch (word.kind) {
    case 'success':
    case 'failure':
      return hearCallback(world, index, payment, word);
    case 'query':
      return hearQuery(payment, word);
    case 'answer':
      return hearAnswer(payment, word);
    case 'dispatch':
      // Rule 1: nobody sends for a row whose lease they do not hold.
      if (payment.status === 'REQUESTED' && payment.hasLease) payment.dispatched = true;
      return 'APPLIED';
    case 'lease-end':
      // Rule 1: never dispatched is provably not sent; dispatched is unknown.
      if (payment.hasLease && isOpen(payment)) {
        if (!payment.dispatched) fail(payment, 5, null, 'FAILED', 'PROMPT_NOT_SENT');
        else if (payment.status === 'REQUESTED') payment.status = 'UNCONFIRMED';
      }
      payment.hasLease = false;
      return 'APPLIED';
  }
}

function fail(payment: Payment, rank: number, code: string | null, status: Status, reason: string): void {
  Object.assign(payment, { status, rank, resultCode: code, failureReason: reason });
}

function hearCallback(world: World, index: number, payment: Payment, word: Success | Failure): Verdict {
  // Rule 1: ids are filled in whatever the state.
  payment.prompt ??= word.prompt;
  const success = word.kind === 'success' ? word : null;
  const isOurs = success === null || claim(world, index, success.receipt);
  // §5: a duplicate is the same attempt, CheckoutRequestID, code and receipt. The amount too: a right one is news (rule 3).
  const code = success ? '0' : (word as Failure).code;
  const key = JSON.stringify([word.prompt, code, success?.receipt, success?.cents]);
  if (payment.heard.some((earlier) => earlier.key === key)) return 'DUPLICATE';
  const verdict = success ? hearSuccess(payment, success, isOurs) : hearFailure(payment, word as Failure);
  // What says nothing new is not remembered.
  if (verdict !== 'DUPLICATE') payment.heard.push({ key, success, isOurs });
  return verdict;
}

function claim(world: World, index: number, receipt: string | null): boolean {
  return receipt === null || (world.holders[receipt] ??= index) === index;
}

function hearSuccess(payment: Payment, word: Success, isOurs: boolean): Verdict {
  // §6: a success whose receipt another transaction holds settles nothing.
  if (!isOurs) return contradicts(payment);
  const fits = word.cents === null || word.cents === amountCents;
  const isPaid = payment.status === 'COMPLETED';
  const isSecond = payment.heard.some(
    ({ success, isOurs: counts }) => success !== null && counts && isAnother(success, word),
  );
  const isOfAnotherPrompt = payment.rank === 2 && payment.prompt !== null && payment.prompt !== word.prompt;
  if (!fits) payment.attention.push('AMOUNT_DIFFERS');
  if (isSecond || isOfAnotherPrompt) payment.attention.push('PAID_TWICE');
  if (isPaid) {
    if (isSecond || isOfAnotherPrompt) return 'CONFLICT';
    const isNews = fillIn(payment, word, fits);
    return !fits ? 'CONFLICT' : isNews ? 'APPLIED' : 'DUPLICATE';
  }
  if (!fits) return 'CONFLICT';
  Object.assign(payment, { status: 'COMPLETED', rank: 1, resultCode: '0', failureReason: null });
  Object.assign(payment, { receipt: word.receipt, paidCents: word.cents });
  return 'APPLIED';
}

const isAnother = (a: Success, b: Success): boolean =>
  (a.receipt !== null && b.receipt !== null && a.receipt !== b.receipt) || a.prompt !== b.prompt;

/** Rule 3: a completed payment is never left, but it is filled in. */
function fillIn(payment: Payment, { receipt, cents }: Success, fits: boolean): boolean {
  const before = visible(payment);
  payment.receipt ??= receipt;
  payment.paidCents ??= cents;
  if (visible(payment) === before) return false;
  // Only with the right amount is it evidence of the first rank.
  if (fits) payment.rank = 1;
  return true;
}

function contradicts(payment: Payment): Verdict {
  payment.attention.push('EVIDENCE_CONTRADICTS');
  return 'CONFLICT';
}

function hearFailure(payment: Payment, { code, prompt }: Failure): Verdict {
  const failure = failures[code];
  // Rule 4: closed lists.
  if (failure === undefined) return 'CONFLICT';
  // It says nothing about the prompt that is known.
  if (payment.prompt !== prompt) return contradicts(payment);
  if (isOpen(payment)) {
    fail(payment, 3, code, failure.status, failure.failureReason);
    return 'APPLIED';
  }
  if (payment.status === 'COMPLETED') return contradicts(payment);
  // Between failures the first stays; that it failed is better proven now, and a query no longer says otherwise.
  payment.rank = 3;
  return payment.resultCode === code ? 'APPLIED' : contradicts(payment);
}

function hearQuery(payment: Payment, query: Query): Verdict {
  if (query.code === '0') return hearPaid(payment);
  const failure = failures[query.code ?? ''];
  if (failure !== undefined) return hearFailedQuery(payment, query, failure);
  payment.suspected = null;
  if (query.isLast && isOpen(payment)) payment.attention.push('STILL_OPEN');
  return 'APPLIED';
}

/** Rule 3: (2) settles an open row, and overturns only (4) and (5). */
function hearPaid(payment: Payment): Verdict {
  if (payment.status === 'COMPLETED') return 'DUPLICATE';
  if (payment.rank === 3) return contradicts(payment);
  const said = payment.heard.find(({ success, isOurs }) => success !== null && isOurs)?.success;
  Object.assign(payment, { status: 'COMPLETED', rank: 2, resultCode: '0', failureReason: null });
  Object.assign(payment, { receipt: said?.receipt ?? null, paidCents: said?.cents ?? null });
  return 'APPLIED';
}

/** Rule 3 (4): said twice, one rung apart. */
function hearFailedQuery(
  payment: Payment,
  { code, pause, isLast }: Query,
  failure: { status: Status; failureReason: string },
): Verdict {
  if (!isOpen(payment)) {
    const isSame = payment.status === failure.status || payment.resultCode === code;
    return isSame ? 'DUPLICATE' : contradicts(payment);
  }
  const { suspected } = payment;
  if (suspected?.code === code && suspected.mayConfirm) {
    fail(payment, 4, code, failure.status, failure.failureReason);
    return 'APPLIED';
  }
  if (suspected?.code !== code) payment.suspected = { code: code ?? '', mayConfirm: !pause };
  if (isLast) payment.attention.push('STILL_OPEN');
  return 'APPLIED';
}

function hearAnswer(payment: Payment, { answer, prompt }: Answer): Verdict {
  payment.hasLease = false;
  if (answer === 'unknown') {
    if (payment.status === 'REQUESTED') payment.status = 'UNCONFIRMED';
    return 'APPLIED';
  }
  if (answer === 'accepted') {
    payment.prompt = prompt;
    if (isOpen(payment)) payment.status = 'AWAITING_PAYER';
    else if (payment.rank === 5) contradicts(payment);
    return 'APPLIED';
  }
  payment.dispatched = false;
  if (payment.status === 'COMPLETED') return contradicts(payment);
  if (!isOpen(payment)) return 'DUPLICATE';
  fail(payment, 5, null, 'FAILED', answer === 'refused' ? 'PROVIDER_REFUSED' : 'PROMPT_NOT_SENT');
  return 'APPLIED';
}
