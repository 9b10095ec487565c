import { inspect } from 'node:util';

/**
 * A string that must not reach a log, an error message or a JSON document by accident: it prints as `label`
 * wherever it is stringified, serialised or inspected. Only `reveal()` gives the text.
 */
export class Masked {
  readonly #text: string;
  readonly #label: string;

  constructor(text: string, label = '[masked]') {
    this.#text = text;
    this.#label = label;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return this.#label;
  }

  toJSON(): string {
    return this.#label;
  }

  [inspect.custom](): string {
    return this.#label;
  }
}

/** `254712345678` → `2547*****678`: enough for a payer to recognise the number, too little to call it. */
export function maskPhoneNumber(phoneNumber: string): string {
  return `${phoneNumber.slice(0, 4)}${'*'.repeat(Math.max(phoneNumber.length - 7, 0))}${phoneNumber.slice(-3)}`;
}
