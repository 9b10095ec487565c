import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';

export type CallbackAddress = { transactionId: string; attempt: number };

/** 16 bytes of transaction id, 2 of attempt, 16 of MAC. */
const payloadLength = 18;
const macLength = 16;
const wellFormed = new RegExp(`^[0-9a-f]{${String((payloadLength + macLength) * 2)}}$`);

/**
 * The last part of a callback URL: it names the transaction and the attempt, and proves that we made it, so that a
 * callback finds its payment before Daraja has told us any id, and a forged one costs no look into the database.
 * Lower-case hex, because hex cannot spell the words that Daraja refuses in URLs (daraja.md §9).
 */
export function makeCallbackToken(key: KeyObject, { transactionId, attempt }: CallbackAddress): string {
  const payload = Buffer.alloc(payloadLength);
  payload.write(transactionId.replaceAll('-', ''), 'hex');
  payload.writeUInt16BE(attempt, 16);
  return Buffer.concat([payload, macOf(key, payload)]).toString('hex');
}

/** Null for every token that was not made with one of `keys`. */
export function readCallbackToken(keys: readonly KeyObject[], token: string): CallbackAddress | null {
  if (!wellFormed.test(token)) return null;
  const bytes = Buffer.from(token, 'hex');
  const payload = bytes.subarray(0, payloadLength);
  const mac = bytes.subarray(payloadLength);
  if (!keys.some((key) => timingSafeEqual(mac, macOf(key, payload)))) return null;
  const id = payload.toString('hex', 0, 16);
  const parts = [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)];
  return { transactionId: parts.join('-'), attempt: payload.readUInt16BE(16) };
}

function macOf(key: KeyObject, payload: Buffer): Buffer {
  return createHmac('sha256', key).update(payload).digest().subarray(0, macLength);
}
