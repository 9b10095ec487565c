import { isStorable } from '../../lib/storable-text.ts';

export const reasonLengthMax = 500;

/** A person's reason on one line; null where there is none to read, it is too long, or no column can hold it. */
export function readReason(text: string): string | null {
  if (!isStorable(text) || text.length > reasonLengthMax) return null;
  const line = text.replace(unwritten, ' ').replace(/\s+/g, ' ').trim();
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(line) ? line : null;
}

/** Control characters, and those that turn the direction of what is written: a line of the timeline shows what it says. */
const unwritten = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu;
