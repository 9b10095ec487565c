import { builder } from './builder.ts';

export const TransactionKind = builder.enumType('TransactionKind', {
  description: 'By which of M-Pesa’s ways the money moves.',
  values: {
    STK_PUSH: { description: 'The payer confirms a prompt on the phone with the M-PESA PIN.' },
  } as const,
});

export const TransactionStatus = builder.enumType('TransactionStatus', {
  description:
    'Where a payment stands. More may be added: go by `isFinal` and `canRetry` for one you do not know.',
  values: {
    REQUESTED: { description: 'Stored; M-Pesa has not answered yet.' },
    AWAITING_PAYER: { description: 'M-Pesa accepted the request; the prompt is on the phone.' },
    UNCONFIRMED: {
      description: 'The prompt may or may not have gone out. It may still be paid: do not ask again.',
    },
    COMPLETED: { description: 'Paid: the receipt is known, or M-Pesa says so.' },
    CANCELLED: { description: 'The payer declined.' },
    EXPIRED: { description: 'The payer did not answer, says M-Pesa.' },
    FAILED: { description: 'Refused, or failed for another reason: see `failureReason`.' },
  } as const,
});

export const Evidence = builder.enumType('Evidence', {
  description: 'Who said what caused a change.',
  values: {
    API: { description: 'A client of this API.' },
    DARAJA_ANSWER: { description: 'M-Pesa’s answer to the request.' },
    CALLBACK: { description: 'M-Pesa’s callback.' },
    QUERY: { description: 'M-Pesa’s answer to a status query.' },
    OPERATOR: { description: 'A person, with a reason.' },
    TIMER: { description: 'A deadline that proves something, such as a request that was never sent.' },
  } as const,
});

export const AttentionReason = builder.enumType('AttentionReason', {
  description: 'Why a person should look at a payment.',
  values: {
    PAID_TWICE: { description: 'A second success with another receipt came.' },
    AMOUNT_DIFFERS: { description: 'A success came with another amount than was asked for.' },
    EVIDENCE_CONTRADICTS: { description: 'Something was said that does not fit what is known.' },
    STILL_OPEN: { description: 'M-Pesa was asked to the end of the ladder and gave no result.' },
  } as const,
});

export const FailureReason = builder.enumType('FailureReason', {
  description: 'Why a payment was not made. More may be added.',
  values: {
    INSUFFICIENT_FUNDS: { description: 'Not enough money in the account.' },
    WRONG_PIN: { description: 'The PIN was wrong, or the number is not registered for M-PESA.' },
    CANCELLED_BY_PAYER: { description: 'The payer cancelled.' },
    PAYER_UNREACHABLE: { description: 'The phone did not answer.' },
    PROMPT_EXPIRED: { description: 'The prompt ran out of time.' },
    SUBSCRIBER_BUSY: { description: 'Another M-PESA request is open on the phone.' },
    LIMIT_EXCEEDED: { description: 'An M-PESA limit forbids this amount now.' },
    PAYER_NOT_ELIGIBLE: { description: 'M-PESA cannot take this from the payer’s number.' },
    PROMPT_NOT_SENT: { description: 'Provably, no request left this server.' },
    PROMPT_FAILED: { description: 'M-PESA could not show the prompt.' },
    MERCHANT_CONFIGURATION: {
      description: 'The merchant’s credentials, short code or product are not right.',
    },
    PROVIDER_BUSY: { description: 'M-Pesa was too busy to take the request.' },
    PROVIDER_REFUSED: { description: 'M-Pesa refused the request.' },
    OTHER: { description: 'Another reason: see `resultCode` and `resultDescription`.' },
  } as const,
});

export const ResolvedOutcome = builder.enumType('ResolvedOutcome', {
  description: 'How a payment ended, by what a person can know: M-Pesa’s statement has it, or has it not.',
  values: {
    COMPLETED: { description: 'It is on M-Pesa’s statement: paid.' },
    FAILED: { description: 'It is not on M-Pesa’s statement, and will not come any more: not paid.' },
  } as const,
});

export const Language = builder.enumType('Language', {
  description: 'A language of texts for payers.',
  values: { EN: { description: 'English.' }, SW: { description: 'Swahili.' } } as const,
});

export const CurrencyCode = builder.enumType('CurrencyCode', {
  description: 'ISO 4217.',
  values: { KES: { description: 'Kenyan shilling.' } } as const,
});

export const Environment = builder.enumType('Environment', {
  description: 'With whom Malipo speaks.',
  values: {
    SIMULATOR: { description: 'A simulator: no money moves.' },
    SANDBOX: { description: 'Safaricom’s sandbox: no money moves.' },
    PRODUCTION: { description: 'M-Pesa.' },
  } as const,
});
