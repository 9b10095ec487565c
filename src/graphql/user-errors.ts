import { builder } from './builder.ts';

const UserErrorCode = builder.enumType('UserErrorCode', {
  description: 'What is wrong with a request. More may be added.',
  values: {
    INVALID_PHONE_NUMBER: { description: 'No Safaricom number.' },
    INVALID_AMOUNT: { description: 'No amount that M-Pesa takes.' },
    INVALID_ACCOUNT_REFERENCE: { description: 'No reference that M-Pesa takes.' },
    INVALID_DESCRIPTION: { description: 'No description that M-Pesa takes.' },
    INVALID_IDEMPOTENCY_KEY: { description: 'No key that can be kept.' },
    INVALID_METADATA: { description: 'No JSON object that can be kept.' },
    IDEMPOTENCY_KEY_REUSED: { description: 'The key belongs to another request.' },
    PROMPT_ALREADY_OPEN: { description: 'A prompt may still be open on this phone; ask again later.' },
    PAYER_COOLING_DOWN: { description: 'M-Pesa wants this phone left alone for a while; ask again later.' },
    RATE_LIMITED: { description: 'Too many requests; ask again later.' },
    INVALID_REASON: { description: 'No reason that can be kept.' },
    ALREADY_FINAL: { description: 'The payment is settled; a person’s word settles only what is open.' },
    CANNOT_BE_ASKED: { description: 'M-Pesa gave no id by which it could be asked about the payment.' },
    INVALID_NAME: { description: 'No name that can be kept and read.' },
    INVALID_SCOPES: { description: 'No scopes, or one that there is not.' },
    SCOPE_NOT_HELD: { description: 'A key gives no scope that it does not have itself.' },
    INVALID_EXPIRY: { description: 'An end that has passed already.' },
    INVALID_OVERLAP: { description: 'No time for which two keys may both be taken.' },
    KEY_NOT_ACTIVE: { description: 'The key is revoked, expired or rotated already.' },
    NOT_FOUND: { description: 'There is no such thing, or it is not yours.' },
    UNAVAILABLE: { description: 'It cannot be done at the moment; nothing was done.' },
  } as const,
});

export type UserErrorShape = {
  code: typeof UserErrorCode.$inferType;
  message: string;
  path: string[];
  retryable: boolean;
  retryAfterSeconds: number | null;
};

export const UserError = builder.objectRef<UserErrorShape>('UserError').implement({
  description:
    'Why a request was refused. `path` starts with "input". `retryable`: the same input with the same key may succeed later.',
  fields: (t) => ({
    code: t.expose('code', { type: UserErrorCode, description: 'For programs.' }),
    message: t.exposeString('message', { description: 'For people: what is wrong and what to do.' }),
    path: t.exposeStringList('path', { description: 'Which part of the input.' }),
    retryable: t.exposeBoolean('retryable', {
      description: 'Whether the very same request may succeed later.',
    }),
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', { nullable: true, description: 'Not before.' }),
  }),
});

/** A refusal that only another request can mend. */
export function refusal(code: UserErrorShape['code'], message: string, path: string[]): UserErrorShape {
  return { code, message, path, retryable: false, retryAfterSeconds: null };
}
