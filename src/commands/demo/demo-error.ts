/** What the reader of the terminal can mend; the message says how. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}
