import { describe, expect, it } from 'vitest';
import { defaultCoolDowns } from '../../../src/daraja/cool-downs.ts';
import { findPromptRefusal } from '../../../src/transactions/prompt-guard/prompt-rules.ts';
import type { EarlierPayment, Traffic } from '../../../src/transactions/prompt-guard/traffic.ts';

const settings = {
  openSeconds: 180,
  perPhonePerMinute: 3,
  perClientPerSecond: 10,
  coolDowns: defaultCoolDowns,
};

/** One that was paid long ago, and forbids nothing. */
const paid: EarlierPayment = {
  status: 'COMPLETED',
  settledRank: 1,
  failureReason: null,
  resultCode: '0',
  amountCents: 1_000,
  ageSeconds: 9_000,
  settledSecondsAgo: 8_990,
  dispatchedSecondsAgo: 9_000,
  isBeingSent: false,
};

const open: EarlierPayment = {
  ...paid,
  status: 'AWAITING_PAYER',
  settledRank: null,
  resultCode: null,
  settledSecondsAgo: null,
};

const failed = (
  failureReason: EarlierPayment['failureReason'],
  resultCode: string | null,
  secondsAgo: number,
): EarlierPayment => ({
  ...paid,
  status: 'FAILED',
  settledRank: 3,
  failureReason,
  resultCode,
  settledSecondsAgo: secondsAgo,
});

function refusalAfter(payments: EarlierPayment[], changes: Partial<Traffic> = {}, amountCents = 1_000) {
  const traffic = { payments, clientPayments: 0, ...changes };
  return findPromptRefusal({ traffic, amountCents, settings });
}

describe('a prompt', () => {
  it('is allowed on a phone of which nothing is known, and after payments of long ago', () => {
    expect(refusalAfter([])).toBeNull();
    expect(refusalAfter([paid, paid, paid, paid])).toBeNull();
  });

  it.each(['REQUESTED', 'AWAITING_PAYER', 'UNCONFIRMED'] as const)(
    'waits for the one that was dispatched within three minutes and is %s',
    (status) => {
      expect(refusalAfter([{ ...open, status, dispatchedSecondsAgo: 30.4 }])).toEqual({
        code: 'PROMPT_ALREADY_OPEN',
        field: 'phoneNumber',
        retryAfterSeconds: 150,
        message: expect.stringMatching(/open on this phone.* Ask again in 150 seconds, with the same key\.$/),
      });
      expect(refusalAfter([{ ...open, status, dispatchedSecondsAgo: 180 }])).toBeNull();
    },
  );

  it('waits for the one that is about to be dispatched', () => {
    const beingSent = {
      ...open,
      status: 'REQUESTED',
      dispatchedSecondsAgo: null,
      isBeingSent: true,
    } as const;
    expect(refusalAfter([beingSent])).toMatchObject({ code: 'PROMPT_ALREADY_OPEN', retryAfterSeconds: 180 });
    expect(refusalAfter([{ ...beingSent, isBeingSent: false }])).toBeNull();
  });

  it.each([1, 2, 3, 4])(
    'is allowed once M-Pesa has said how the other ended, with evidence of rank %i',
    (settledRank) => {
      expect(
        refusalAfter([{ ...paid, settledRank, settledSecondsAgo: 1, dispatchedSecondsAgo: 20 }]),
      ).toBeNull();
    },
  );

  it('waits where only an operator said how the other ended: it may still be on the phone', () => {
    const resolved = { ...failed('OTHER', null, 1), settledRank: 5, dispatchedSecondsAgo: 20 };
    expect(refusalAfter([resolved])).toMatchObject({ code: 'PROMPT_ALREADY_OPEN', retryAfterSeconds: 160 });
    const saidPaid = { ...paid, settledRank: 5, dispatchedSecondsAgo: 20 };
    expect(refusalAfter([saidPaid])).toMatchObject({ code: 'PROMPT_ALREADY_OPEN' });
  });

  it('is allowed after one that was refused, which prompted nobody', () => {
    const refused = { ...failed('PROVIDER_REFUSED', null, 1), settledRank: 5, dispatchedSecondsAgo: null };
    expect(refusalAfter([refused])).toBeNull();
  });

  it.each([
    ['1001', 'SUBSCRIBER_BUSY', 120],
    ['1037', 'PAYER_UNREACHABLE', 60],
    ['17', 'LIMIT_EXCEEDED', 120],
    [null, 'SUBSCRIBER_BUSY', 120],
  ] as const)('waits after M-Pesa’s result %s', (resultCode, reason, seconds) => {
    expect(refusalAfter([failed(reason, resultCode, 9.5)])).toEqual({
      code: 'PAYER_COOLING_DOWN',
      field: 'phoneNumber',
      retryAfterSeconds: Math.ceil(seconds - 9.5),
      message: expect.stringMatching(/left alone.* Ask again in \d+ seconds, with the same key\.$/),
    });
    expect(refusalAfter([failed(reason, resultCode, seconds)])).toBeNull();
  });

  it.each([
    ['1', 'INSUFFICIENT_FUNDS'],
    ['1032', 'CANCELLED_BY_PAYER'],
    ['2', 'LIMIT_EXCEEDED'],
    ['2001', 'WRONG_PIN'],
  ] as const)('does not wait after %s', (resultCode, reason) => {
    expect(refusalAfter([failed(reason, resultCode, 0)])).toBeNull();
  });

  it('of another amount does not wait after result 17, which is about the same amount', () => {
    expect(refusalAfter([failed('LIMIT_EXCEEDED', '17', 1)], {}, 1_100)).toBeNull();
  });

  it('waits for the longest of several cool-downs', () => {
    const traffic = [failed('PAYER_UNREACHABLE', '1037', 1), failed('SUBSCRIBER_BUSY', '1001', 50)];
    expect(refusalAfter(traffic)).toMatchObject({ retryAfterSeconds: 70 });
  });

  it('is the third of a phone within a minute at most', () => {
    const recent = (ageSeconds: number) => ({ ...paid, ageSeconds });
    expect(refusalAfter([recent(5), recent(10)])).toBeNull();
    expect(refusalAfter([recent(5), recent(10), recent(21), recent(59)])).toEqual({
      code: 'RATE_LIMITED',
      field: 'phoneNumber',
      retryAfterSeconds: 39,
      message: expect.stringContaining('at most 3 times a minute. Ask again in 39 seconds'),
    });
  });

  it('is the tenth of a client within a second at most', () => {
    expect(refusalAfter([], { clientPayments: 9 })).toBeNull();
    expect(refusalAfter([], { clientPayments: 10 })).toEqual({
      code: 'RATE_LIMITED',
      field: null,
      retryAfterSeconds: 1,
      message: expect.stringContaining('at most 10 a second. Ask again in a second'),
    });
  });
});
