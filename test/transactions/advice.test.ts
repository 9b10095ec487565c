import { describe, expect, it } from 'vitest';
import { FailureReason, TransactionStatus } from '../../src/database/generated/prisma/enums.ts';
import {
  canRetry,
  payerMessage,
  promptExpiresAt,
  retryAfter,
  type Advised,
} from '../../src/transactions/advice.ts';
import { isFinal } from '../../src/transactions/decide/status.ts';

const settledAt = new Date('2026-11-24T07:10:00Z');
const payment: Advised = {
  status: 'FAILED',
  failureReason: null,
  resultCode: null,
  acceptedAt: null,
  settledAt,
  attention: [],
};
const failed = (failureReason: FailureReason, resultCode: string | null = null): Advised => ({
  ...payment,
  failureReason,
  resultCode,
});

const reasons = Object.values(FailureReason);
const statuses = Object.values(TransactionStatus);

describe('the message for the payer', () => {
  it.each(reasons)('of %s is said in both languages, each with a full stop', (reason) => {
    const [english, swahili] = [payerMessage(failed(reason), 'EN'), payerMessage(failed(reason), 'SW')];
    expect(english).toMatch(/^[A-Z].+\.$/);
    expect(swahili).toMatch(/^[A-Z].+\.$/);
    expect(swahili).not.toBe(english);
  });

  it.each(statuses)('of %s is said in both languages, each with a full stop', (status) => {
    const [english, swahili] = [
      payerMessage({ ...payment, status }, 'EN'),
      payerMessage({ ...payment, status }, 'SW'),
    ];
    expect(english).toMatch(/^[A-Z].+\.$/);
    expect(swahili).toMatch(/^[A-Z].+\.$/);
    expect(swahili).not.toBe(english);
  });

  it.each([
    [0, 'a moment', 'kidogo'],
    [60, 'a minute', 'dakika moja'],
    [90, 'two minutes', 'dakika mbili'],
    [300, '5 minutes', 'dakika 5'],
  ])('after a cool-down of %i seconds says to wait %s', (seconds, english, swahili) => {
    const coolDowns = { '1001': seconds, '17': seconds, '1037': 60 };
    for (const reason of ['SUBSCRIBER_BUSY', 'LIMIT_EXCEEDED'] as const) {
      expect(payerMessage(failed(reason), 'EN', coolDowns)).toMatch(new RegExp(`[Ww]ait ${english}\\b`));
      expect(payerMessage(failed(reason), 'SW', coolDowns)).toMatch(new RegExp(`[Ss]ubiri ${swahili}\\b`));
    }
  });

  it('is another for each reason', () => {
    expect(new Set(reasons.map((reason) => payerMessage(failed(reason), 'EN'))).size).toBe(reasons.length);
  });
});

describe('whether a new payment may be offered', () => {
  it('is no while this one is open, whatever else it says', () => {
    for (const status of statuses.filter((candidate) => !isFinal(candidate))) {
      for (const reason of [...reasons, null]) {
        const open = { ...payment, status, failureReason: reason };
        expect([canRetry(open), retryAfter(open)]).toEqual([false, null]);
      }
    }
  });

  it('is no when this one is paid', () => {
    expect(canRetry({ ...payment, status: 'COMPLETED' })).toBe(false);
  });

  it.each(['MERCHANT_CONFIGURATION', 'PAYER_NOT_ELIGIBLE', 'PROVIDER_REFUSED', 'OTHER'] as const)(
    'is no after %s, which another try would not change',
    (reason) => {
      expect(canRetry(failed(reason))).toBe(false);
    },
  );

  it.each(['INSUFFICIENT_FUNDS', 'WRONG_PIN', 'CANCELLED_BY_PAYER', 'PROMPT_NOT_SENT'] as const)(
    'is yes after %s, at once',
    (reason) => {
      expect([canRetry(failed(reason)), retryAfter(failed(reason))]).toEqual([true, null]);
    },
  );

  it.each([
    ['PAYER_UNREACHABLE', 60],
    ['PROMPT_EXPIRED', 60],
    ['PROMPT_FAILED', 60],
    ['PROVIDER_BUSY', 60],
    ['SUBSCRIBER_BUSY', 120],
    ['LIMIT_EXCEEDED', 120],
  ] as const)('is yes after %s, in %i seconds', (reason, seconds) => {
    expect(canRetry(failed(reason))).toBe(true);
    expect(retryAfter(failed(reason))).toEqual(new Date(settledAt.getTime() + seconds * 1000));
  });

  it('is no when the limit of the day is reached', () => {
    expect(canRetry(failed('LIMIT_EXCEEDED', '4'))).toBe(false);
  });
});

describe('when the prompt lapses', () => {
  const acceptedAt = new Date('2026-11-24T07:09:00Z');

  it('is a minute after Daraja took it', () => {
    expect(promptExpiresAt({ ...payment, status: 'AWAITING_PAYER', acceptedAt })).toEqual(settledAt);
  });

  it.each(statuses.filter((status) => status !== 'AWAITING_PAYER'))(
    'is not known of a payment that is %s',
    (status) => {
      expect(promptExpiresAt({ ...payment, status, acceptedAt })).toBeNull();
    },
  );
});

it('a payer whose money may have moved is not told to pay again', () => {
  const inDoubt: Advised = { ...failed('PAYER_UNREACHABLE', '1037'), attention: ['AMOUNT_DIFFERS'] };
  expect(canRetry(inDoubt)).toBe(false);
  expect(payerMessage(inDoubt, 'EN')).toContain('Do not pay again');
});
