/** A body whose values are still whatever the app sent: Daraja takes strings and numbers alike. */
export type Fields = Readonly<Record<string, unknown>>;

export type FieldRule = {
  field: string;
  /** Daraja's name for it in `Bad Request - Invalid …`, where that is another. */
  calledInError?: string;
  holds(text: string): boolean;
};

const shortCode = /^\d{5,7}$/;
const phone = /^254[17]\d{8}$/;
const maxAmount = 250_000;
const transactionTypes = ['CustomerPayBillOnline', 'CustomerBuyGoodsOnline'];

/** What both requests begin with. A timestamp may be UTC or EAT: the gateway only compares it with the password. */
const signatureRules: readonly FieldRule[] = [
  { field: 'BusinessShortCode', holds: (text) => shortCode.test(text) },
  { field: 'Timestamp', holds: (text) => /^\d{14}$/.test(text) },
  { field: 'Password', holds: isBase64 },
];

/**
 * What Daraja checks before it accepts a push (daraja.md §2.1, §9). Not checked, because Daraja does not: the
 * length of the texts, and `mpesa` in the callback URL. `PhoneNumber` comes before `PartyA`, because it is the name
 * seen in live refusals.
 */
export const pushRules: readonly FieldRule[] = [
  ...signatureRules,
  { field: 'TransactionType', holds: (text) => transactionTypes.includes(text) },
  { field: 'Amount', holds: (text) => /^[1-9]\d{0,5}$/.test(text) && Number(text) <= maxAmount },
  { field: 'PhoneNumber', holds: (text) => phone.test(text) },
  { field: 'PartyA', holds: (text) => phone.test(text) },
  { field: 'PartyB', holds: (text) => shortCode.test(text) },
  { field: 'CallBackURL', holds: isHttpUrl },
  { field: 'AccountReference', holds: isPresent },
  { field: 'TransactionDesc', calledInError: 'Remarks', holds: isPresent },
];

export const queryRules: readonly FieldRule[] = [
  ...signatureRules,
  { field: 'CheckoutRequestID', holds: isPresent },
];

/** Daraja reports one field at a time. null = all hold. */
export function findInvalidField(fields: Fields, rules: readonly FieldRule[]): string | null {
  const broken = rules.find((rule) => !rule.holds(textOf(fields, rule.field)));
  return broken ? (broken.calledInError ?? broken.field) : null;
}

/** A missing field, and one that is neither text nor number, reads as the empty text, which no rule accepts. */
export function textOf(fields: Fields, field: string): string {
  const value = fields[field];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** base64(BusinessShortCode + passkey + Timestamp), of which the simulator knows all but the passkey. */
export function isPasswordRight(fields: Fields): boolean {
  const start = textOf(fields, 'BusinessShortCode');
  const end = textOf(fields, 'Timestamp');
  const text = Buffer.from(textOf(fields, 'Password'), 'base64').toString();
  return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end);
}

function isPresent(text: string): boolean {
  return text.trim() !== '';
}

function isBase64(text: string): boolean {
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\/\S+$/i.test(text) && URL.canParse(text);
}
