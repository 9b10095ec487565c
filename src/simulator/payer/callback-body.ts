import { eatTime } from '../eat-time.ts';
import type { CallbackShape } from '../outcomes.ts';
import { resultDescription } from '../result-description.ts';

export type CallbackFacts = {
  MerchantRequestID: string;
  CheckoutRequestID: string;
  resultCode: string;
  amount: number;
  phone: string;
  receipt: string;
  otherReceipt: string;
  decidedAt: Date;
};

type Item = { Name: string; Value?: number | string };

/** The text of a callback. A failure has no `CallbackMetadata`, so the shapes of success change nothing in it. */
export function callbackBody(facts: CallbackFacts, shape: CallbackShape = 'plain'): string {
  return shapes[shape](facts);
}

const shapes: Record<CallbackShape, (facts: CallbackFacts) => string> = {
  plain: (facts) => write(facts),
  // Cut in the middle, as when a connection dies: no parser can read it.
  broken: (facts) => write(facts).slice(0, write(facts).length / 2),
  'valueless-balance': (facts) => write(facts, itemsOf(facts).toSpliced(2, 0, { Name: 'Balance' })),
  'masked-phone-text-code': (facts) =>
    write(
      facts,
      itemsOf(facts).with(-1, { Name: 'PhoneNumber', Value: mask(facts.phone) }),
      facts.resultCode,
    ),
  'other-amount': (facts) => write({ ...facts, amount: facts.amount + 1 }),
  'other-receipt': (facts) => write({ ...facts, receipt: facts.otherReceipt }),
};

function write(facts: CallbackFacts, items = itemsOf(facts), code = resultCodeOf(facts.resultCode)): string {
  const { MerchantRequestID, CheckoutRequestID, resultCode } = facts;
  const metadata = resultCode === '0' ? { CallbackMetadata: { Item: items } } : {};
  const stkCallback = {
    MerchantRequestID,
    CheckoutRequestID,
    ResultCode: code,
    ResultDesc: resultDescription(resultCode),
    ...metadata,
  };
  return withFloatAmount(JSON.stringify({ Body: { stkCallback } }));
}

function itemsOf({ amount, receipt, decidedAt, phone }: CallbackFacts): Item[] {
  const { year, month, day, clock } = eatTime(decidedAt);
  return [
    { Name: 'Amount', Value: amount },
    { Name: 'MpesaReceiptNumber', Value: receipt },
    { Name: 'TransactionDate', Value: Number(`${year}${month}${day}${clock}`) },
    { Name: 'PhoneNumber', Value: Number(phone) },
  ];
}

/** A number, unless it cannot be one: `E3008` comes as text. */
function resultCodeOf(code: string): number | string {
  return /^\d+$/.test(code) ? Number(code) : code;
}

/** `254708***430`, as in the masked sample. */
function mask(phone: string): string {
  return `${phone.slice(0, 6)}***${phone.slice(-3)}`;
}

/** Daraja writes `1.00`: a number to JSON, and a stumbling block for parsers that want a whole one. */
function withFloatAmount(json: string): string {
  return json.replace(/("Name":"Amount","Value":)([\d.]+)/, (_all, start: string, amount: string) => {
    return start + Number(amount).toFixed(2);
  });
}
