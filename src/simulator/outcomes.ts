/** How a push is answered when it is not refused. Only the first two put a prompt on the phone. */
export type PushAnswer = 'accepted' | 'unreachable' | 'dropped' | 'html';

export type PushRefusal = 'wrong-credentials' | 'spike-arrest' | 'invalid-token';

/** What a callback looks like: as it should be, or with one of the faults that apps must survive. */
export type CallbackShape =
  'plain' | 'broken' | 'valueless-balance' | 'masked-phone-text-code' | 'other-amount' | 'other-receipt';

/** `late`: 30 delays after the push. `after-first-query`: one delay after the first query that was no 4999. */
export type CallbackTime = 'on-decision' | 'late' | 'after-first-query' | 'never';

/** A result code, or the HTTP 500 by which older Daraja says "pending". */
export type QueryAnswer = { resultCode: string } | 'being-processed';

/** All that happens to a push because of the number that it was sent to. */
export type Outcome = {
  name: string;
  refuses: { with: PushRefusal; pushes: 'all' | 'every-other' } | null;
  push: PushAnswer;
  /** What the payer decides. null = nothing by himself: the control API decides for him. */
  result: string | null;
  decides: 'before-answer' | 'after-delay';
  callbackTime: CallbackTime;
  callbacks: readonly CallbackShape[];
  /** What queries say after the decision and before they say `result`. Before the decision each says 4999. */
  firstQueries: readonly QueryAnswer[];
};

/** What every number does that is neither reserved nor scripted. */
const pays: Outcome = {
  name: 'pays',
  refuses: null,
  push: 'accepted',
  result: '0',
  decides: 'after-delay',
  callbackTime: 'on-decision',
  callbacks: ['plain'],
  firstQueries: [],
};

const pending: QueryAnswer = { resultCode: '4999' };

/**
 * The numbers 2547000000NN, in order of NN (design.md §7). Each row says how it differs from paying. Chosen by
 * number and never by amount, because amounts such as 1 and 10 are what people try first.
 */
export const reservedOutcomes: readonly Outcome[] = [
  /* 00 */ pays,
  /* 01 */ { ...pays, name: 'insufficient funds', result: '1' },
  /* 02 */ { ...pays, name: 'cancelled by the payer', result: '1032' },
  /* 03 */ { ...pays, name: 'phone unreachable', result: '1037' },
  /* 04 */ { ...pays, name: 'wrong PIN', result: '2001' },
  /* 05 */ { ...pays, name: 'subscriber locked', result: '1001' },
  /* 06 */ { ...pays, name: 'push error', result: '1025' },
  /* 07 */ { ...pays, name: 'transaction expired', result: '1019' },
  /* 08 */ { ...pays, name: 'system busy', result: '26' },
  /* 09 */ { ...pays, name: 'a text result code', result: 'E3008' },
  /* 10 */ { ...pays, name: 'no callback; a query says paid', callbackTime: 'never' },
  /* 11 */ { ...pays, name: 'no callback; a query says cancelled', result: '1032', callbackTime: 'never' },
  /* 12 */ { ...pays, name: 'the callback comes twice', callbacks: ['plain', 'plain'] },
  /* 13 */ { ...pays, name: 'the callback comes before the push is answered', decides: 'before-answer' },
  /* 14 */ { ...pays, name: 'late callback; a query says paid before it', callbackTime: 'late' },
  /* 15 */ {
    ...pays,
    name: 'the first query says failed, then a success callback comes',
    callbackTime: 'after-first-query',
    firstQueries: [{ resultCode: '1032' }],
  },
  /* 16 */ {
    ...pays,
    name: 'accepted but answered HTTP 500; a success callback follows',
    push: 'unreachable',
  },
  /* 17 */ { ...pays, name: 'connection dropped; nothing follows', push: 'dropped' },
  /* 18 */ {
    ...pays,
    name: 'spike arrest on every other push, then pays',
    refuses: { with: 'spike-arrest', pushes: 'every-other' },
  },
  /* 19 */ {
    ...pays,
    name: 'invalid access token on every other push, then pays',
    refuses: { with: 'invalid-token', pushes: 'every-other' },
  },
  /* 20 */ { ...pays, name: 'an HTML page with HTTP 200; nothing follows', push: 'html' },
  /* 21 */ {
    ...pays,
    name: 'refused: wrong credentials',
    refuses: { with: 'wrong-credentials', pushes: 'all' },
  },
  /* 22 */ {
    ...pays,
    name: 'no callback; three queries say pending, then paid',
    callbackTime: 'never',
    firstQueries: [pending, pending, pending],
  },
  /* 23 */ {
    ...pays,
    name: 'no callback; two queries answer HTTP 500 "being processed", then unreachable',
    result: '1037',
    callbackTime: 'never',
    firstQueries: ['being-processed', 'being-processed'],
  },
  /* 24 */ { ...pays, name: 'a broken callback body, then the right one', callbacks: ['broken', 'plain'] },
  /* 25 */ { ...pays, name: 'pays; a Balance item without a value', callbacks: ['valueless-balance'] },
  /* 26 */ {
    ...pays,
    name: 'pays; masked phone number and the text "0"',
    callbacks: ['masked-phone-text-code'],
  },
  /* 27 */ { ...pays, name: 'a success callback with another amount', callbacks: ['other-amount'] },
  /* 28 */ { ...pays, name: 'waits for a person', result: null },
  /* 29 */ { ...pays, name: 'no callback; every query says pending', result: null, callbackTime: 'never' },
  /* 30 */ {
    ...pays,
    name: 'two success callbacks with different receipts',
    callbacks: ['plain', 'other-receipt'],
  },
];

/** 2547000000NN beyond the table, like any other number, pays. */
export function outcomeOfNumber(phone: string): Outcome {
  const reserved = /^2547000000(\d\d)$/.exec(phone);
  return (reserved && reservedOutcomes[Number(reserved[1])]) ?? pays;
}
