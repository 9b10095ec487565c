/** What the reader of the terminal can mend; the message says how. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
