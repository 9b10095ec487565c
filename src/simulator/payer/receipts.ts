import { randomInt } from 'node:crypto';
import { eatTime } from '../eat-time.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const tailLength = 7;
const tailCount = alphabet.length ** tailLength;
/** Shares no factor with `tailCount` (a product of twos and threes), so that every tail comes up before one repeats. */
const stride = 48_271_003_777;

/**
 * Receipts such as `QGL1TRVFVX`: a letter for the year (A = 2006), one for the month, a digit or letter for the
 * day (checked on the dated samples in `payloads/`), then seven that never repeat.
 */
export class Receipts {
  #tail = randomInt(2 ** 32);

  next(at: Date): string {
    this.#tail = (this.#tail + stride) % tailCount;
    const { year, month, day } = eatTime(at);
    const letters = letter(Number(year) - 2006) + letter(Number(month) - 1) + (alphabet[Number(day)] ?? '0');
    return letters + this.#tail.toString(36).toUpperCase().padStart(tailLength, '0');
  }
}

function letter(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + (index % 26));
}
