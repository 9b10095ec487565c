import { createHash } from 'node:crypto';
import {
  isSafeText,
  maxAccountReferenceLength,
  maxAmountShillings,
  maxDescriptionLength,
  normalisePhoneNumber,
} from '../daraja/field-rules.ts';
import { PhoneNumber } from '../daraja/phone-number.ts';
import { canonicalJson, type JsonValue } from '../lib/canonical-json.ts';
import { isStorable } from '../lib/storable-text.ts';

export type JsonObject = { [key: string]: JsonValue };

export type PaymentInput = {
  phoneNumber: string;
  amount: number;
  accountReference: string;
  description?: string | null | undefined;
  idempotencyKey: string;
  metadata?: JsonObject | null | undefined;
};

/** A request in the one form in which it is stored, compared and sent. */
export type PaymentRequest = {
  phoneNumber: PhoneNumber;
  amountShillings: number;
  accountReference: string;
  description: string;
  idempotencyKey: string;
  metadata: JsonObject | null;
};

export type RequestProblemCode =
  | 'INVALID_PHONE_NUMBER'
  | 'INVALID_AMOUNT'
  | 'INVALID_ACCOUNT_REFERENCE'
  | 'INVALID_DESCRIPTION'
  | 'INVALID_IDEMPOTENCY_KEY'
  | 'INVALID_METADATA';

export type RequestProblem = { code: RequestProblemCode; message: string; field: keyof PaymentInput };

const maxIdempotencyKeyLength = 255;
const maxMetadataBytes = 4_096;
const maxMetadataDepth = 100;

/** The payers that only the simulator has. */
const reservedPayers = /^2547000000\d\d$/;

type Rule = {
  field: keyof PaymentInput;
  code: RequestProblemCode;
  message: string;
  fails(input: PaymentInput): boolean;
};

const rules: readonly Rule[] = [
  {
    field: 'phoneNumber',
    code: 'INVALID_PHONE_NUMBER',
    message: 'Give a Safaricom number such as 0712345678, 0112345678 or +254712345678.',
    fails: ({ phoneNumber }) => normalisePhoneNumber(phoneNumber) === null,
  },
  {
    field: 'amount',
    code: 'INVALID_AMOUNT',
    message: `Give whole Kenyan shillings, from 1 to ${maxAmountShillings.toLocaleString('en')}.`,
    fails: ({ amount }) => !Number.isInteger(amount) || amount < 1 || amount > maxAmountShillings,
  },
  {
    field: 'accountReference',
    code: 'INVALID_ACCOUNT_REFERENCE',
    message: `Give 1 to ${maxAccountReferenceLength} letters, digits, spaces or . _ - (others break M-Pesa requests).`,
    fails: ({ accountReference: text }) => !isSafeText(text) || text.length > maxAccountReferenceLength,
  },
  {
    field: 'description',
    code: 'INVALID_DESCRIPTION',
    message: `Give at most ${maxDescriptionLength} letters, digits, spaces or . _ - (others break M-Pesa requests).`,
    fails: ({ description: text }) =>
      typeof text === 'string' && (!isSafeText(text) || text.length > maxDescriptionLength),
  },
  {
    field: 'idempotencyKey',
    code: 'INVALID_IDEMPOTENCY_KEY',
    message: `Give 1 to ${maxIdempotencyKeyLength} printable characters, another key for each payment.`,
    fails: ({ idempotencyKey: key }) =>
      key.length < 1 || key.length > maxIdempotencyKeyLength || !isStorable(key) || /\p{Cc}/u.test(key),
  },
  {
    field: 'metadata',
    code: 'INVALID_METADATA',
    message: `Give a JSON object of at most ${maxMetadataBytes.toLocaleString('en')} bytes, without NUL characters.`,
    fails: ({ metadata }) => metadata !== null && metadata !== undefined && !isStorableJson(metadata),
  },
];

/** Checks every field, so that one answer names all that is wrong; otherwise gives the request in its one form. */
export function checkRequest(
  input: PaymentInput,
  options: { allowReservedPayers: boolean },
): { request: PaymentRequest } | { problems: RequestProblem[] } {
  const problems = rules
    .filter((rule) => rule.fails(input))
    .map(({ field, code, message }) => ({ field, code, message }));
  const phoneNumber = normalisePhoneNumber(input.phoneNumber) ?? '';
  if (!options.allowReservedPayers && reservedPayers.test(phoneNumber)) {
    problems.push({
      field: 'phoneNumber',
      code: 'INVALID_PHONE_NUMBER',
      message: 'This number belongs to the simulator and has no M-Pesa.',
    });
  }
  if (problems.length > 0) return { problems };
  const request = {
    phoneNumber: new PhoneNumber(phoneNumber),
    amountShillings: input.amount,
    accountReference: input.accountReference,
    description: input.description ?? input.accountReference,
    idempotencyKey: input.idempotencyKey,
    metadata: input.metadata ?? null,
  };
  return { request };
}

/** By which a repeated key is known to carry the same request: equal for every way of writing the same thing. */
export function fingerprintOf({ idempotencyKey: _key, phoneNumber, ...request }: PaymentRequest): string {
  return createHash('sha256')
    .update(canonicalJson({ ...request, phoneNumber: phoneNumber.reveal() }))
    .digest('hex');
}

function isStorableJson(value: JsonObject): boolean {
  return (
    isShallow(value, maxMetadataDepth) &&
    Buffer.byteLength(JSON.stringify(value)) <= maxMetadataBytes &&
    holdsOnlyStorable(value)
  );
}

/** Deeper documents overflow the stack of what walks them. */
function isShallow(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isShallow(item, levels - 1));
}

function holdsOnlyStorable(value: JsonValue): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, item]) => isStorable(key) && holdsOnlyStorable(item));
}
