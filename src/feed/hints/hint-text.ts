import { isId } from '../../lib/ids.ts';

/** Together with the origin's id 7,437 bytes: PostgreSQL takes fewer than 8,000 in one notification. */
export const idsPerHintMax = 200;

/** The ids of payments to look at, and who says so. */
export function writeHint(origin: string, transactionIds: readonly string[]): string {
  return [origin, ...transactionIds].join(',');
}

/** Whoever may write to the channel may write anything there: what is no id is left out. */
export function readHint(text: string): { origin: string; transactionIds: string[] } {
  const [origin = '', ...rest] = text.split(',', idsPerHintMax + 1);
  return { origin, transactionIds: rest.filter(isId) };
}
