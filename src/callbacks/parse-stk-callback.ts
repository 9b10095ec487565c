import { parseEatTimestamp } from '../daraja/eat-time.ts';
import { storable } from '../lib/storable-text.ts';
import { unreadableAmount, type CallbackEvidence } from '../transactions/decide/evidence.ts';

/** What the body says, without the attempt: that is named by the URL. */
export type StkCallback = Omit<CallbackEvidence, 'attempt'>;

/**
 * Reads the body that Daraja posts after an STK push (daraja.md §3). Nothing is taken by position: items come in any
 * order, with others among them, without a value, or not at all; codes are numbers or text and stay text here. Answers
 * with a sentence when the body cannot be used.
 */
export function parseStkCallback(body: Buffer): StkCallback | { problem: string } {
  const document = parseJson(body);
  if (document === undefined) return { problem: 'The body is not JSON.' };
  const callback = child(child(document, 'Body'), 'stkCallback');
  if (!isObject(callback)) return { problem: 'The body has no Body.stkCallback.' };
  const resultCode = codeText(callback['ResultCode']);
  if (resultCode === null) return { problem: 'Body.stkCallback.ResultCode is missing or no code.' };
  const items = metadataItems(child(child(callback, 'CallbackMetadata'), 'Item'));
  return {
    kind: 'callback',
    source: 'CALLBACK',
    merchantRequestId: text(callback['MerchantRequestID']),
    checkoutRequestId: text(callback['CheckoutRequestID']),
    resultCode,
    resultDescription: text(callback['ResultDesc'], 500) ?? '',
    receipt: text(items.get('MpesaReceiptNumber'), 40),
    amountCents: cents(items.get('Amount')),
    paidAt: parseEatTimestamp(items.get('TransactionDate')),
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function child(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

/** Never coerced to a number: that has turned `E3008` into 0 and unpaid orders into paid ones. */
function codeText(value: unknown): string | null {
  if (typeof value === 'number' && Number.isInteger(value)) return String(value);
  return typeof value === 'string' && /^[A-Za-z0-9_.-]{1,40}$/.test(value.trim()) ? value.trim() : null;
}

/** By name; a single object instead of a list occurs in Daraja's other results. */
function metadataItems(list: unknown): Map<string, unknown> {
  const items = Array.isArray(list) ? list : [list];
  return new Map(
    items
      .filter(isObject)
      .flatMap((item): [string, unknown][] =>
        typeof item['Name'] === 'string' && item['Value'] !== undefined
          ? [[item['Name'], item['Value']]]
          : [],
      ),
  );
}

/** What PostgreSQL cannot store, or nobody would read, is dropped; numbers are kept as they are written. */
function text(value: unknown, maxLength = 100): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const clean = storable(String(value).trim(), maxLength);
  return clean === '' ? null : clean;
}

/** Null: no amount is named. Unreadable: it is none, or more than any payment can be. `1`, `1.00` and `"1.00"` are alike. */
function cents(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const written = typeof value === 'string' ? value.trim() : value;
  // `true` and `[1500]` would become numbers.
  if (typeof written !== 'string' && typeof written !== 'number') return unreadableAmount;
  if (typeof written === 'string' && !/^\d{1,9}(\.\d{1,2})?$/.test(written)) return unreadableAmount;
  const amount = Math.round(Number(written) * 100);
  const isWhole = Math.abs(Number(written) * 100 - amount) < 1e-6;
  return Number.isSafeInteger(amount) && isWhole && amount >= 0 && amount <= 2_147_483_647
    ? amount
    : unreadableAmount;
}
