import { randomInt, randomUUID } from 'node:crypto';
import { eatTime } from '../eat-time.ts';

/** `2654-4b64-97ff-b827b542881d3130`: a UUID without its first group, then a number. Errors' `requestId` too. */
export function newMerchantRequestId(): string {
  return `${randomUUID().slice(9)}${randomInt(1000, 10_000_000)}`;
}

/**
 * `ws_CO_` + ddMMyyyyHHmmss (EAT) + milliseconds, not padded + the last nine digits of the number (daraja.md §2.2).
 * If it is taken, the next free millisecond serves: two pushes to one phone at one moment are two payments.
 */
export function newCheckoutRequestId(phone: string, at: Date, isTaken: (id: string) => boolean): string {
  const { year, month, day, clock, milliseconds } = eatTime(at);
  const id = `ws_CO_${day}${month}${year}${clock}${milliseconds}${phone.slice(-9)}`;
  return isTaken(id) ? newCheckoutRequestId(phone, new Date(at.getTime() + 1), isTaken) : id;
}
