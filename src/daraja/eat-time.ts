/** East Africa Time is UTC+3 all year: every date and id that Daraja gives is in it, without saying so. */
const eatOffsetMs = 3 * 60 * 60 * 1000;

/** `YYYYMMDDHHmmss` in East Africa Time, as Daraja writes it. Throws a RangeError for an invalid date. */
export function formatEatTimestamp(date: Date): string {
  return new Date(date.getTime() + eatOffsetMs).toISOString().slice(0, 19).replace(/\D/g, '');
}

/** M-PESA began in 2007: what is older is a machine's zero, such as 00010101000000, and no column may take it. */
const yearMin = '2007';

/**
 * Reads Daraja's 14 digits, a number in callbacks and a string elsewhere, as an instant. Null for anything that is not a
 * moment of the calendar: 30 February, 24:00, a number that went through a float formatter, a date in another format.
 */
export function parseEatTimestamp(value: unknown): Date | null {
  const digits = typeof value === 'number' ? String(value) : value;
  if (typeof digits !== 'string' || !/^\d{14}$/.test(digits) || digits < yearMin) return null;
  const date = new Date(digits.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6+03:00'));
  // JavaScript turns 30 February into 1 March: only a date that prints as it was read was one.
  return !Number.isNaN(date.getTime()) && formatEatTimestamp(date) === digits ? date : null;
}
