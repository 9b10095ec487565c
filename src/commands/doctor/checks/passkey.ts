import type { RefusalKind } from '../../../daraja/refusals.ts';
import type { StkQueryAnswer } from '../../../daraja/stk-query.ts';
import type { Check } from '../check.ts';
import { ok, problem, skipped, warning, type Finding } from '../finding.ts';

/**
 * A status query about a payment that cannot exist is refused either way. That its id is unknown can only be said once
 * the signature, which short code and passkey make, was found right.
 */
export const passkey: Check = {
  name: 'passkey',
  settings: ['MPESA_ENVIRONMENT', 'MPESA_BUSINESS_SHORTCODE', 'MPESA_PASSKEY'],
  after: ['product'],
  async run({ daraja }) {
    return [judge(await daraja.askOfNothing())];
  },
};

function judge(answer: StkQueryAnswer): Finding {
  switch (answer.outcome) {
    case 'too-early-or-unknown-id':
      return ok(
        'PASSKEY_TAKEN',
        answer.message,
        'That is the right refusal: the payment does not exist. Short code and passkey belong together, as far as a query shows; a payment of KES 1 proves it.',
      );
    case 'refused':
      return refusal(answer.kind, answer.message, answer.advice);
    case 'result':
    case 'pending':
      return warning(
        'PASSKEY_UNPROVEN',
        answer.outcome === 'pending'
          ? answer.message
          : `Daraja gave result ${answer.resultCode} for a payment that cannot exist.`,
        'It did not refuse short code and passkey, nor did it look at the payment: they may be right.',
        'Prove it with a payment of KES 1 to yourself.',
      );
    case 'throttled':
    case 'no-answer':
    case 'invalid-token':
      return skipped(
        'PASSKEY_UNSEEN',
        answer.message,
        'The query was not looked at, so nothing is known of the passkey.',
        'Run the doctor again in a minute.',
      );
  }
}

type Reading = { code: string; means: string };

const readings: Partial<Record<RefusalKind, Reading>> = {
  'wrong-credentials': {
    code: 'PASSKEY_WRONG',
    means:
      'The passkey is not that of this short code, or not of this environment. Every payment would be refused.',
  },
  'merchant-unknown': {
    code: 'SHORT_CODE_UNKNOWN',
    means: 'This environment does not know the short code. Every payment would be refused.',
  },
  'merchant-not-permitted': {
    code: 'SHORT_CODE_NOT_ENABLED',
    means: 'The short code is known and may not ask for payments in this way.',
  },
};

function refusal(kind: RefusalKind, saw: string, advice: string): Finding {
  const { code, means } = readings[kind] ?? {
    code: 'QUERY_REFUSED',
    means: 'Daraja refuses what every payment carries, too: short code, password or timestamp.',
  };
  return problem(code, saw, means, advice);
}
