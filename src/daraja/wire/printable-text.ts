/** Long enough for every message Safaricom is known to send, too short for a page of HTML. */
const maxLength = 200;

/** What is read of a text at all: bounds the work done on an answer of 64 KB. */
const maxRead = 2_000;

/**
 * Personal data and secrets that Safaricom echoes in its messages. A CheckoutRequestID ends in the payer's number; nine
 * digits are what a Kenyan number has after its prefix, with or without separators (not dots: an errorCode is full of them); a long run is an
 * access token, a password or a callback token.
 */
const scrubs: readonly (readonly [RegExp, string])[] = [
  [/ws_CO_\w*/gi, '[id]'],
  [/\+?\d(?:[ ()-]{0,2}\d){8,}/g, '[number]'],
  [/(?=[\w+/-]*\d)[\w+/-]{24,}=*|[\w+/-]{27,}=*/g, '[hidden]'],
];

/** Safaricom's words as they may appear in a log, an error or an answer to a caller: one line, short, nothing personal. */
export function printableText(text: string): string {
  const line = boundedText(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  const scrubbed = scrubs.reduce((rest, [pattern, stand]) => rest.replace(pattern, stand), line);
  const short = scrubbed.length > maxLength ? `${scrubbed.slice(0, maxLength - 1)}…` : scrubbed;
  // Half of a surrogate pair, Safaricom's or cut off here, could not be stored.
  return short.toWellFormed();
}

/** Scrubbing comes before cutting, and a cut leaves no half of a number behind for the patterns to miss. */
function boundedText(text: string): string {
  return text.length > maxRead ? text.slice(0, maxRead).replace(/[\w+.() /-]{0,200}$/, '') : text;
}
