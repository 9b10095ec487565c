import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/transactions/decide/decide.ts';
import type { Payment, Weighed } from '../../../src/transactions/decide/payment.ts';
import { isFinal, mayMove } from '../../../src/transactions/decide/status.ts';
import { createRandom } from '../../../src/commands/crash-test/random.ts';
import {
  accepted,
  amountCents,
  awaiting,
  checkoutRequestId,
  cleared,
  failure,
  notSent,
  paidAt,
  query,
  receipt,
  receivedAt,
  refused,
  requested,
  resolved,
  success,
  unknown,
} from '../support/evidence.ts';

/** Hears one piece of evidence after the other, as if each came alone. */
function oneByOne(payment: Payment, evidence: readonly Weighed[]): Payment {
  return evidence.reduce((before, item) => decide(before, [item]).payment, payment);
}

const otherReceipt = 'UKO2GHIJKL';
const otherAmount = success({ amountCents: 140_000 });

/** One payment for each way in which a payment can stand. */
const standings = {
  REQUESTED: requested(),
  AWAITING_PAYER: awaiting(),
  UNCONFIRMED: oneByOne(requested(), [unknown()]),
  'COMPLETED by callback': oneByOne(awaiting(), [success()]),
  'COMPLETED by query': oneByOne(awaiting(), [query('0')]),
  'CANCELLED by callback': oneByOne(awaiting(), [failure('1032')]),
  'EXPIRED by callback': oneByOne(awaiting(), [failure('1037')]),
  'FAILED by callback': oneByOne(awaiting(), [failure('2001')]),
  'CANCELLED by query': oneByOne(awaiting(), [query('1032'), query('1032')]),
  'FAILED by refusal': oneByOne(requested(), [refused()]),
  'FAILED, never sent': oneByOne(requested(), [notSent()]),
  'COMPLETED by operator': oneByOne(requested(), [unknown(), resolved('COMPLETED')]),
  'FAILED by operator': oneByOne(requested(), [unknown(), resolved('FAILED')]),
} satisfies Record<string, Payment>;

type Standing = keyof typeof standings;

it('each standing is what its name says', () => {
  for (const [name, payment] of Object.entries(standings)) expect(name.startsWith(payment.status)).toBe(true);
});

type Row = readonly [status: Payment['status'], verdict: string, attention?: string];

const evidence = {
  success: success(),
  failure: failure('1'),
  'an unknown code': failure('2008'),
  'query: paid': query('0'),
  'query: failed, once': query('1'),
  'query: no result': query(null),
  'query: unknown code': query('2008'),
  accepted: accepted(),
  refused: refused(),
  'not sent': notSent(),
  'no answer': unknown(),
  'operator: paid': resolved('COMPLETED'),
  'operator: not paid': resolved('FAILED'),
  'operator: attention cleared': cleared('EVIDENCE_CONTRADICTS'),
} satisfies Record<string, Weighed>;

type Kind = keyof typeof evidence;

const open = (status: Payment['status']): Record<Kind, Row> => ({
  success: ['COMPLETED', 'APPLIED'],
  failure: ['FAILED', 'APPLIED'],
  'an unknown code': [status, 'CONFLICT'],
  'query: paid': ['COMPLETED', 'APPLIED'],
  'query: failed, once': [status, 'APPLIED'],
  'query: no result': [status, 'APPLIED'],
  'query: unknown code': [status, 'APPLIED'],
  accepted: ['AWAITING_PAYER', 'APPLIED'],
  refused: ['FAILED', 'APPLIED'],
  'not sent': ['FAILED', 'APPLIED'],
  'no answer': [status === 'REQUESTED' ? 'UNCONFIRMED' : status, 'APPLIED'],
  'operator: paid': ['COMPLETED', 'APPLIED'],
  'operator: not paid': ['FAILED', 'APPLIED'],
  'operator: attention cleared': [status, 'DUPLICATE'],
});

const contradicts = 'EVIDENCE_CONTRADICTS';

const completed: Record<Kind, Row> = {
  success: ['COMPLETED', 'DUPLICATE'],
  failure: ['COMPLETED', 'CONFLICT', contradicts],
  'an unknown code': ['COMPLETED', 'CONFLICT'],
  'query: paid': ['COMPLETED', 'DUPLICATE'],
  'query: failed, once': ['COMPLETED', 'CONFLICT', contradicts],
  'query: no result': ['COMPLETED', 'APPLIED'],
  'query: unknown code': ['COMPLETED', 'APPLIED'],
  accepted: ['COMPLETED', 'APPLIED'],
  refused: ['COMPLETED', 'CONFLICT', contradicts],
  'not sent': ['COMPLETED', 'CONFLICT', contradicts],
  'no answer': ['COMPLETED', 'APPLIED'],
  'operator: paid': ['COMPLETED', 'CONFLICT'],
  'operator: not paid': ['COMPLETED', 'CONFLICT'],
  'operator: attention cleared': ['COMPLETED', 'DUPLICATE'],
};

const failedByCallback = (status: Payment['status'], sameStatus: boolean): Record<Kind, Row> => ({
  success: ['COMPLETED', 'APPLIED'],
  failure: [status, 'CONFLICT', contradicts],
  'an unknown code': [status, 'CONFLICT'],
  'query: paid': [status, 'CONFLICT', contradicts],
  'query: failed, once': sameStatus ? [status, 'DUPLICATE'] : [status, 'CONFLICT', contradicts],
  'query: no result': [status, 'APPLIED'],
  'query: unknown code': [status, 'APPLIED'],
  accepted: [status, 'APPLIED'],
  refused: [status, 'DUPLICATE'],
  'not sent': [status, 'DUPLICATE'],
  'no answer': [status, 'APPLIED'],
  'operator: paid': [status, 'CONFLICT'],
  'operator: not paid': [status, 'CONFLICT'],
  'operator: attention cleared': [status, 'DUPLICATE'],
});

const failedWithoutCallback: Record<Kind, Row> = {
  ...failedByCallback('FAILED', true),
  'query: paid': ['COMPLETED', 'APPLIED'],
  accepted: ['FAILED', 'APPLIED', contradicts],
};

/** Design rules 2.3 and 3, in full: every standing against every kind of evidence. */
const table: Record<Standing, Record<Kind, Row>> = {
  REQUESTED: open('REQUESTED'),
  AWAITING_PAYER: open('AWAITING_PAYER'),
  UNCONFIRMED: open('UNCONFIRMED'),
  'COMPLETED by callback': completed,
  'COMPLETED by query': { ...completed, success: ['COMPLETED', 'APPLIED'] },
  'CANCELLED by callback': failedByCallback('CANCELLED', false),
  'EXPIRED by callback': failedByCallback('EXPIRED', false),
  'FAILED by callback': failedByCallback('FAILED', true),
  'CANCELLED by query': { ...failedByCallback('CANCELLED', false), 'query: paid': ['COMPLETED', 'APPLIED'] },
  'FAILED by refusal': failedWithoutCallback,
  'FAILED, never sent': failedWithoutCallback,
  'COMPLETED by operator': {
    ...completed,
    success: ['COMPLETED', 'APPLIED'],
    'query: paid': ['COMPLETED', 'APPLIED'],
  },
  'FAILED by operator': { ...failedWithoutCallback, failure: ['FAILED', 'APPLIED'] },
};

const pairs = Object.entries(table).flatMap(([standing, rows]) =>
  Object.entries(rows).map(([kind, row]) => ({ standing, kind, row, status: row[0], verdict: row[1] })),
);

describe('every standing against every kind of evidence', () => {
  it.each(pairs)('$standing + $kind: $status, $verdict', ({ standing, kind, row }) => {
    const decision = decide(standings[standing as Standing], [evidence[kind as Kind]]);
    const [status, verdict, attention] = row;
    expect({
      status: decision.payment.status,
      verdict: decision.judgements[0]?.verdict,
      attention: decision.payment.attention,
    }).toEqual({ status, verdict, attention: attention === undefined ? [] : [attention] });
  });
});

describe('a success callback', () => {
  it('gives receipt, paid amount and paid time', () => {
    expect(decide(awaiting(), [success()]).payment).toMatchObject({
      receipt,
      paidAmountCents: amountCents,
      paidAt,
      resultCode: '0',
      settledRank: 1,
      settledAt: receivedAt,
      failureReason: null,
    });
  });

  it('completes the payment when it names no amount', () => {
    expect(decide(awaiting(), [success({ amountCents: null })]).payment.status).toBe('COMPLETED');
  });

  it('that comes before the push is answered brings the ids', () => {
    expect(decide(requested(), [success()]).payment).toMatchObject({
      status: 'COMPLETED',
      checkoutRequestId,
      merchantRequestId: 'merchant-1',
      checkoutRequestIds: new Map([[1, checkoutRequestId]]),
    });
  });

  it('of a replaced attempt completes the payment', () => {
    const payment = awaiting({ latestAttempt: 2, checkoutRequestIds: new Map([[2, checkoutRequestId]]) });
    expect(decide(payment, [success({ attempt: 1, checkoutRequestId: 'ws_CO_old' })]).payment.status).toBe(
      'COMPLETED',
    );
  });

  it('withdraws an earlier failure', () => {
    const payment = oneByOne(awaiting(), [failure('1032')]);
    const later = new Date(receivedAt.getTime() + 60_000);
    expect(decide(payment, [success({ receivedAt: later })]).payment).toMatchObject({
      failureReason: null,
      resultCode: '0',
      settledAt: later,
    });
  });

  it('whose receipt another payment holds settles nothing, raises attention and asks M-Pesa now', () => {
    const decision = decide(awaiting(), [success({ receiptIsOurs: false })]);
    expect(decision).toMatchObject({
      payment: { status: 'AWAITING_PAYER', receipt: null, attention: ['EVIDENCE_CONTRADICTS'] },
      events: [],
      judgements: [{ verdict: 'CONFLICT' }],
      checkNow: true,
    });
  });

  it('whose receipt another payment holds gives no receipt to a query that says paid', () => {
    const payment = oneByOne(awaiting(), [success({ receiptIsOurs: false }), query('0')]);
    expect(payment).toMatchObject({ status: 'COMPLETED', receipt: null, paidAmountCents: null });
  });

  it('with the right amount completes the payment, though one with another amount came first', () => {
    const payment = oneByOne(awaiting(), [success({ amountCents: 1 }), success()]);
    expect(payment).toMatchObject({
      status: 'COMPLETED',
      receipt,
      settledRank: 1,
      paidAmountCents: amountCents,
    });
  });

  it('with another receipt than the one that is known is a second payment, whatever is remembered', () => {
    const payment = { ...oneByOne(awaiting(), [success()]), callbacks: [] };
    expect(decide(payment, [success({ receipt: 'ANOTHER001' })])).toMatchObject({
      payment: { receipt, attention: ['PAID_TWICE'] },
      judgements: [{ verdict: 'CONFLICT' }],
    });
  });

  it('that is said again changes nothing', () => {
    const payment = oneByOne(awaiting(), [success()]);
    expect(decide(payment, [success()])).toMatchObject({
      payment,
      events: [],
      judgements: [{ verdict: 'DUPLICATE' }],
    });
  });
});

describe('a success and a failure in one batch', () => {
  it.each([
    { order: 'success first', batch: [success(), failure()] },
    { order: 'failure first', batch: [failure(), success()] },
  ])('end as paid ($order)', ({ batch }) => {
    const { payment, events } = decide(awaiting(), batch);
    expect(payment).toMatchObject({ status: 'COMPLETED', receipt, attention: ['EVIDENCE_CONTRADICTS'] });
    expect(events.map(({ status }) => status)).toEqual(['COMPLETED']);
  });

  it('get their own judgements, in the order in which they came', () => {
    const { judgements } = decide(awaiting(), [failure(), success()]);
    expect(judgements.map(({ verdict }) => verdict)).toEqual(['CONFLICT', 'APPLIED']);
  });

  it.each([
    { order: 'query first', batch: [query('0'), failure()] },
    { order: 'failure first', batch: [failure(), query('0')] },
  ])('end as paid when the success is a query ($order)', ({ batch }) => {
    expect(decide(awaiting(), batch).payment).toMatchObject({ status: 'COMPLETED', settledRank: 2 });
  });
});

it('a question that something in the same batch answers is not asked', () => {
  expect(decide(awaiting(), [otherAmount, failure('1')])).toMatchObject({
    payment: { status: 'FAILED' },
    checkNow: false,
  });
});

describe('two successes', () => {
  const second = success({ receipt: otherReceipt });

  it.each([
    { order: 'in one batch', pay: () => decide(awaiting(), [success(), second]).payment, kept: receipt },
    {
      order: 'in one batch, reversed',
      pay: () => decide(awaiting(), [second, success()]).payment,
      kept: otherReceipt,
    },
    { order: 'one by one', pay: () => oneByOne(awaiting(), [success(), second]), kept: receipt },
    {
      order: 'one by one, reversed',
      pay: () => oneByOne(awaiting(), [second, success()]),
      kept: otherReceipt,
    },
  ])('with different receipts are one completed payment, paid twice ($order)', ({ pay, kept }) => {
    expect(pay()).toMatchObject({ status: 'COMPLETED', receipt: kept, attention: ['PAID_TWICE'] });
  });

  it('with different CheckoutRequestIDs and no receipt are a payment paid twice', () => {
    const first = success({ receipt: null });
    const other = success({ receipt: null, checkoutRequestId: 'ws_CO_other' });
    expect(oneByOne(awaiting(), [first, other]).attention).toEqual(['PAID_TWICE']);
  });

  it('of which the second is for another request than the query proved are a payment paid twice', () => {
    const payment = oneByOne(awaiting(), [query('0'), success({ checkoutRequestId: 'ws_CO_other' })]);
    expect(payment.attention).toEqual(['PAID_TWICE']);
  });

  it('of which both had another amount, with different receipts, are a payment paid twice', () => {
    const payment = oneByOne(awaiting(), [
      success({ amountCents: 140_000 }),
      success({ amountCents: 140_000, receipt: otherReceipt }),
    ]);
    expect(payment).toMatchObject({
      status: 'AWAITING_PAYER',
      attention: ['AMOUNT_DIFFERS', 'PAID_TWICE'],
    });
  });

  it('of which the first holds the receipt of another payment are not a payment paid twice', () => {
    const payment = oneByOne(awaiting(), [
      success({ receipt: otherReceipt, receiptIsOurs: false }),
      success(),
    ]);
    expect(payment).toMatchObject({ status: 'COMPLETED', attention: ['EVIDENCE_CONTRADICTS'] });
  });

  it('of which the first had another amount and another receipt are a payment paid twice', () => {
    const payment = oneByOne(awaiting(), [
      success({ amountCents: 140_000, receipt: otherReceipt }),
      success(),
    ]);
    expect(payment).toMatchObject({
      status: 'COMPLETED',
      receipt,
      attention: ['AMOUNT_DIFFERS', 'PAID_TWICE'],
    });
  });
});

describe('a success callback with another amount', () => {
  it('settles nothing on an open payment, raises attention and asks M-Pesa now', () => {
    expect(decide(awaiting(), [otherAmount])).toMatchObject({
      payment: { status: 'AWAITING_PAYER', paidAmountCents: null, attention: ['AMOUNT_DIFFERS'] },
      events: [],
      judgements: [{ verdict: 'CONFLICT' }],
      checkNow: true,
    });
  });

  it('gives receipt, amount and time to the query that then says paid', () => {
    expect(oneByOne(awaiting(), [otherAmount, query('0')])).toMatchObject({
      status: 'COMPLETED',
      settledRank: 2,
      receipt,
      paidAmountCents: 140_000,
      paidAt,
      attention: ['AMOUNT_DIFFERS'],
    });
  });

  it('in one batch with that query completes the payment with its receipt and amount', () => {
    expect(decide(awaiting(), [query('0'), otherAmount]).payment).toMatchObject({
      status: 'COMPLETED',
      receipt,
      paidAmountCents: 140_000,
      attention: ['AMOUNT_DIFFERS'],
    });
  });

  it('fills in what a query alone could not know', () => {
    const decision = decide(standings['COMPLETED by query'], [otherAmount]);
    expect(decision.payment).toMatchObject({
      receipt,
      paidAmountCents: 140_000,
      paidAt,
      attention: ['AMOUNT_DIFFERS'],
    });
    expect(decision.judgements[0]?.verdict).toBe('CONFLICT');
    expect(decision.events).toHaveLength(1);
  });

  it('does not move a failed payment', () => {
    const decision = decide(standings['CANCELLED by callback'], [otherAmount]);
    expect(decision).toMatchObject({
      payment: { status: 'CANCELLED', attention: ['AMOUNT_DIFFERS'] },
      checkNow: true,
    });
  });

  it('does not move a failed payment when a query then says paid, because a callback said failed', () => {
    const payment = oneByOne(standings['CANCELLED by callback'], [otherAmount, query('0')]);
    expect(payment).toMatchObject({
      status: 'CANCELLED',
      attention: ['AMOUNT_DIFFERS', 'EVIDENCE_CONTRADICTS'],
    });
  });
});

describe('a success callback after a query that said paid', () => {
  it('fills in receipt, amount and time, as a change of its own', () => {
    const { payment, events } = decide(standings['COMPLETED by query'], [success()]);
    expect(payment).toMatchObject({ receipt, paidAmountCents: amountCents, paidAt, attention: [] });
    expect(events).toMatchObject([{ sequence: 4, status: 'COMPLETED', source: 'CALLBACK' }]);
  });

  it('leaves the time of settling as it was', () => {
    const later = new Date(receivedAt.getTime() + 60_000);
    expect(
      decide(standings['COMPLETED by query'], [success({ receivedAt: later })]).payment.settledAt,
    ).toEqual(receivedAt);
  });
});

describe('a query that says failed', () => {
  it('settles nothing when it is said once', () => {
    expect(decide(awaiting(), [query('1032')])).toMatchObject({
      payment: { status: 'AWAITING_PAYER', suspectedCode: '1032' },
      events: [],
    });
  });

  it('is not confirmed by another that comes with it', () => {
    const said = query('1032');
    const first = { ...said, next: { ...said.next, pauseMs: 60_000 } };
    const { payment } = decide(awaiting(), [first, query('1032')]);
    expect(payment).toMatchObject({ status: 'AWAITING_PAYER', suspectedCode: '1032' });
  });

  it('settles with rank 4 when the next says the same', () => {
    expect(oneByOne(awaiting(), [query('1032'), query('1032')])).toMatchObject({
      status: 'CANCELLED',
      settledRank: 4,
      failureReason: 'CANCELLED_BY_PAYER',
      resultCode: '1032',
      suspectedCode: null,
    });
  });

  it('begins anew after one that has no result', () => {
    const payment = oneByOne(awaiting(), [query('1032'), query('4999'), query('1032')]);
    expect(payment).toMatchObject({ status: 'AWAITING_PAYER', suspectedCode: '1032' });
  });

  it('begins anew after one that says failed for another reason', () => {
    const payment = oneByOne(awaiting(), [query('1032'), query('1037')]);
    expect(payment).toMatchObject({ status: 'AWAITING_PAYER', suspectedCode: '1037' });
  });

  it('is not said by a text that says "still under processing", whatever its code', () => {
    const said = query('1', { resultDescription: 'The transaction is still under processing' });
    expect(oneByOne(awaiting(), [said, said])).toMatchObject({
      status: 'AWAITING_PAYER',
      suspectedCode: null,
    });
  });

  it('loses against the success callback that comes between two of them', () => {
    const payment = oneByOne(awaiting(), [query('1'), success(), query('1')]);
    expect(payment).toMatchObject({ status: 'COMPLETED', attention: ['EVIDENCE_CONTRADICTS'] });
  });
});

describe('between failures', () => {
  it('the first callback stays', () => {
    expect(oneByOne(awaiting(), [failure('1032'), failure('1037')])).toMatchObject({
      status: 'CANCELLED',
      resultCode: '1032',
      attention: ['EVIDENCE_CONTRADICTS'],
    });
  });

  it('a callback that confirms what queries said takes the word of a query that says paid away', () => {
    const payment = oneByOne(standings['CANCELLED by query'], [failure('1032'), query('0')]);
    expect(payment).toMatchObject({
      status: 'CANCELLED',
      settledRank: 3,
      attention: ['EVIDENCE_CONTRADICTS'],
    });
  });

  it('a callback that gives another reason than queries did takes it away too', () => {
    const payment = oneByOne(standings['CANCELLED by query'], [failure('1037'), query('0')]);
    expect(payment).toMatchObject({
      status: 'CANCELLED',
      settledRank: 3,
      attention: ['EVIDENCE_CONTRADICTS'],
    });
  });

  it('a confirmation changes nothing that a watcher sees', () => {
    expect(decide(standings['CANCELLED by query'], [failure('1032')]).events).toEqual([]);
  });
});

describe('an operator’s word', () => {
  const { 'COMPLETED by operator': paid, 'FAILED by operator': notPaid } = standings;

  it('settles with the lowest rank, and says why in the timeline and nowhere else', () => {
    const { payment, events } = decide(awaiting(), [resolved('FAILED', 'Called the shop.')]);
    expect(payment).toMatchObject({
      status: 'FAILED',
      settledRank: 5,
      failureReason: 'OTHER',
      resultCode: null,
      resultDescription: 'Not paid, says an operator.',
      settledAt: receivedAt,
    });
    expect(events).toMatchObject([
      { source: 'OPERATOR', status: 'FAILED', message: 'Not paid, says an operator: Called the shop.' },
    ]);
  });

  it('has M-Pesa asked once more where it can be asked', () => {
    expect(decide(awaiting(), [resolved('COMPLETED')]).checkNow).toBe(true);
    expect(decide(standings.UNCONFIRMED, [resolved('COMPLETED')]).checkNow).toBe(false);
  });

  it('that it is paid takes receipt and amount from a success callback that could not settle it', () => {
    expect(oneByOne(awaiting(), [otherAmount, resolved('COMPLETED')])).toMatchObject({
      status: 'COMPLETED',
      receipt,
      paidAmountCents: 140_000,
      paidAt,
    });
  });

  it('that it is paid takes nothing from one whose receipt another payment holds', () => {
    const payment = oneByOne(awaiting(), [success({ receiptIsOurs: false }), resolved('COMPLETED')]);
    expect(payment).toMatchObject({ status: 'COMPLETED', receipt: null, paidAmountCents: null });
  });

  it('that it is paid is filled in by the success callback, as a change', () => {
    const { payment, events } = decide(paid, [success()]);
    expect(payment).toMatchObject({ receipt, paidAt, resultCode: '0', settledRank: 1, attention: [] });
    expect(events).toMatchObject([{ sequence: paid.sequence + 1, source: 'CALLBACK', status: 'COMPLETED' }]);
    expect(payment.settledAt).toEqual(paid.settledAt);
  });

  it('that it is paid is confirmed by a success callback that has no details', () => {
    const bare = success({ receipt: null, amountCents: null, paidAt: null });
    expect(decide(paid, [bare]).payment).toMatchObject({ resultCode: '0', settledRank: 1 });
  });

  it('that it is paid is filled in by a success callback with another amount, and M-Pesa is asked', () => {
    expect(decide(paid, [otherAmount])).toMatchObject({
      payment: { receipt, paidAmountCents: 140_000, settledRank: 5, attention: ['AMOUNT_DIFFERS'] },
      checkNow: true,
    });
  });

  it('that it is paid is confirmed by a query, as a change', () => {
    const { payment, events } = decide(paid, [query('0')]);
    expect(payment).toMatchObject({ status: 'COMPLETED', settledRank: 2, resultCode: '0' });
    expect(events).toMatchObject([{ source: 'QUERY', status: 'COMPLETED' }]);
  });

  it('that it is paid is not contradicted by an acceptance that comes after it, and M-Pesa is asked', () => {
    expect(decide(oneByOne(requested(), [resolved('COMPLETED')]), [accepted()])).toMatchObject({
      payment: { status: 'COMPLETED', checkoutRequestId, attention: [] },
      checkNow: true,
    });
  });

  it('that it is not paid yields to proof, by callback or by query', () => {
    for (const proof of [success(), query('0')]) {
      expect(oneByOne(notPaid, [proof])).toMatchObject({
        status: 'COMPLETED',
        failureReason: null,
        resultCode: '0',
        attention: [],
      });
    }
  });

  it('that it is not paid is confirmed by any failure, which it did not know the reason of', () => {
    for (const said of [failure('1032'), failure('1037'), query('1032')])
      expect(decide(notPaid, [said])).toMatchObject({
        payment: { status: 'FAILED', attention: [] },
        events: [],
      });
  });

  it('that it is not paid, once a callback said so too, is not overturned by a query', () => {
    expect(oneByOne(notPaid, [failure('1032'), query('0')])).toMatchObject({
      status: 'FAILED',
      settledRank: 3,
      attention: ['EVIDENCE_CONTRADICTS'],
    });
  });

  it('loses against everything else in one batch', () => {
    const { payment, judgements } = decide(awaiting(), [resolved('COMPLETED'), failure('1032')]);
    expect(payment).toMatchObject({ status: 'CANCELLED', settledRank: 3, attention: [] });
    expect(judgements[0]?.reason).toContain('CANCELLED');
  });
});

describe('clearing attention', () => {
  const payment = oneByOne(awaiting(), [otherAmount, query('0'), failure('1032')]);

  it('takes exactly what is named, without a change that a watcher sees', () => {
    expect(payment.attention).toEqual(['AMOUNT_DIFFERS', 'EVIDENCE_CONTRADICTS']);
    expect(decide(payment, [cleared('AMOUNT_DIFFERS', 'PAID_TWICE')])).toMatchObject({
      payment: { ...payment, attention: ['EVIDENCE_CONTRADICTS'] },
      events: [],
      judgements: [{ verdict: 'APPLIED', reason: 'Cleared: AMOUNT_DIFFERS.' }],
    });
  });

  it('is undone by what contradicts the payment after it', () => {
    const after = oneByOne(payment, [cleared('EVIDENCE_CONTRADICTS'), failure('1037')]);
    expect(after.attention).toContain('EVIDENCE_CONTRADICTS');
  });
});

describe('a failure callback of another request', () => {
  it.each([
    { of: 'a replaced attempt', said: failure('1032', { attempt: 1, checkoutRequestId: 'ws_CO_old' }) },
    {
      of: 'another CheckoutRequestID',
      said: failure('1032', { attempt: 2, checkoutRequestId: 'ws_CO_other' }),
    },
  ])('settles nothing ($of)', ({ said }) => {
    const payment = awaiting({ latestAttempt: 2, checkoutRequestIds: new Map([[2, checkoutRequestId]]) });
    expect(decide(payment, [said])).toMatchObject({
      payment: { status: 'AWAITING_PAYER', attention: ['EVIDENCE_CONTRADICTS'] },
      events: [],
      judgements: [{ verdict: 'CONFLICT' }],
      checkNow: true,
    });
  });

  it('counts when it names no CheckoutRequestID', () => {
    expect(decide(awaiting(), [failure('1032', { checkoutRequestId: null })]).payment.status).toBe(
      'CANCELLED',
    );
  });
});

describe('a callback with an unknown code', () => {
  it.each(['2008', '2026', '100000100', 'E9999', '00', '-1'])(
    'settles nothing and asks M-Pesa now (%s)',
    (code) => {
      expect(decide(awaiting(), [failure(code)])).toMatchObject({
        payment: { status: 'AWAITING_PAYER' },
        events: [],
        judgements: [{ verdict: 'CONFLICT' }],
        checkNow: true,
      });
    },
  );

  it('brings the ids that were missing', () => {
    const { payment } = decide(standings.UNCONFIRMED, [failure('2008')]);
    expect(payment).toMatchObject({ status: 'UNCONFIRMED', checkoutRequestId });
  });
});

describe('what Daraja answers to the push', () => {
  it('of a replaced attempt says nothing about the payment', () => {
    const payment = awaiting({ latestAttempt: 2 });
    for (const said of [refused(), notSent(), unknown()]) {
      expect(decide(payment, [said])).toMatchObject({ payment: { status: 'AWAITING_PAYER' }, events: [] });
    }
  });

  it('fills in the ids of a payment that is settled already', () => {
    const payment = oneByOne(requested(), [
      success({ checkoutRequestId: null, merchantRequestId: null }),
      accepted(),
    ]);
    expect(payment).toMatchObject({
      status: 'COMPLETED',
      checkoutRequestId,
      merchantRequestId: 'merchant-1',
    });
  });

  it('asks M-Pesa now when it accepts what was thought to be refused', () => {
    expect(decide(standings['FAILED by refusal'], [accepted()])).toMatchObject({
      payment: { status: 'FAILED' },
      checkNow: true,
    });
  });
});

describe('after the last rung of the ladder', () => {
  const last = { next: { rung: 7, pauseMs: null, stillOpen: true, plannedFor: null } };

  it.each([
    { answer: 'no result', said: query(null, last) },
    { answer: 'a first failure', said: query('1', last) },
  ])('an open payment keeps its state and gets attention ($answer)', ({ said }) => {
    expect(decide(awaiting(), [said]).payment).toMatchObject({
      status: 'AWAITING_PAYER',
      attention: ['STILL_OPEN'],
    });
  });

  it('a final payment gets none', () => {
    expect(decide(standings['COMPLETED by callback'], [query(null, last)]).payment.attention).toEqual([]);
  });
});

describe('any evidence in any order', () => {
  const seeds = Array.from({ length: 400 }, (_, seed) => seed);
  const anything: readonly Weighed[] = [
    ...Object.values(evidence),
    otherAmount,
    success({ receipt: otherReceipt }),
    success({ receipt: null }),
    success({ checkoutRequestId: 'ws_CO_other' }),
    success({ receiptIsOurs: false }),
    failure('1032'),
    failure('1037'),
    failure('1032', { checkoutRequestId: 'ws_CO_other' }),
    query('1032'),
    cleared('AMOUNT_DIFFERS', 'PAID_TWICE'),
  ];

  /** Random batches of random evidence for one payment; calls `check` for each. */
  function live(seed: number, check: (before: Payment, decision: ReturnType<typeof decide>) => void): void {
    const random = createRandom(seed);
    let payment = random.pick([requested(), awaiting()]);
    for (let batches = 0; batches < 8; batches += 1) {
      const batch = Array.from({ length: 1 + random.below(4) }, () => random.pick(anything));
      const decision = decide(payment, batch);
      check(payment, decision);
      payment = decision.payment;
    }
  }

  it('numbers the changes without a gap', () => {
    for (const seed of seeds) {
      live(seed, (before, { payment, events }) => {
        expect(events.map(({ sequence }) => sequence)).toEqual(
          events.map((_, index) => before.sequence + 1 + index),
        );
        expect(payment.sequence).toBe(before.sequence + events.length);
      });
    }
  });

  it('moves a payment to COMPLETED at most once, and only along the table', () => {
    for (const seed of seeds) {
      let completions = 0;
      live(seed, (before, { events }) => {
        let { status } = before;
        for (const event of events) {
          if (event.status !== status) {
            expect(mayMove(status, event.status), `seed ${seed}: ${status} to ${event.status}`).toBe(true);
            completions += Number(event.status === 'COMPLETED');
          }
          ({ status } = event);
        }
      });
      expect(completions).toBeLessThanOrEqual(1);
    }
  });

  it('gives every piece a judgement', () => {
    for (const seed of seeds) {
      live(seed, (_, { judgements }) => {
        expect(Array.from(judgements, (judged) => judged.reason.length > 0)).not.toContain(false);
      });
    }
  });

  it('never changes what a watcher sees without an event', () => {
    const seen = ({
      status,
      resultCode,
      failureReason,
      receipt: held,
      paidAmountCents,
      paidAt: at,
    }: Payment) => ({
      status,
      resultCode,
      failureReason,
      held,
      paidAmountCents,
      at,
    });
    for (const seed of seeds) {
      live(seed, (before, { payment, events }) => {
        if (events.length === 0) expect(seen(payment)).toEqual(seen(before));
      });
    }
  });

  it('keeps the receipt of a completed payment', () => {
    for (const seed of seeds) {
      live(seed, (before, { payment }) => {
        if (before.receipt !== null) expect(payment.receipt).toBe(before.receipt);
      });
    }
  });

  it('gives every final payment a time of settling and a rank', () => {
    for (const seed of seeds) {
      live(seed, (_, { payment }) => {
        const isSettled = payment.settledAt !== null && payment.settledRank !== null;
        expect(isSettled).toBe(isFinal(payment.status));
      });
    }
  });

  it('leaves the payment that it was given as it was', () => {
    const payment = awaiting();
    const copy = structuredClone(payment);
    decide(payment, anything);
    expect(payment).toEqual(copy);
  });
});

describe('a payment whose first attempt was refused', () => {
  const second = awaiting({
    status: 'REQUESTED',
    sequence: 1,
    latestAttempt: 2,
    merchantRequestId: null,
    checkoutRequestId: null,
    checkoutRequestIds: new Map(),
  });

  it('is asked about by the ids of the attempt that is open', () => {
    const late = failure('1037', { attempt: 1, checkoutRequestId: 'ws_CO_old' });
    const { payment } = decide(second, [late]);
    expect(payment).toMatchObject({ status: 'REQUESTED', checkoutRequestId: null });
    const open = accepted({ attempt: 2, checkoutRequestId: 'ws_CO_new' });
    expect(decide(payment, [open]).payment).toMatchObject({
      status: 'AWAITING_PAYER',
      checkoutRequestId: 'ws_CO_new',
    });
  });
});

describe('a lease that ran out', () => {
  const expired = { kind: 'lease-expired', source: 'TIMER', attempt: 1, receivedAt: new Date() } as const;

  it('proves that nothing was sent only when nothing was dispatched', () => {
    const idle = requested({ isLeaseExpired: true });
    expect(decide(idle, [expired]).payment).toMatchObject({
      status: 'FAILED',
      failureReason: 'PROMPT_NOT_SENT',
    });
    const dispatched = requested({ isLeaseExpired: true, isDispatched: true });
    expect(decide(dispatched, [expired]).payment.status).toBe('UNCONFIRMED');
  });

  it('says nothing when it was renewed meanwhile', () => {
    expect(decide(requested(), [expired]).payment.status).toBe('REQUESTED');
  });
});
