/** What the reader of the terminal can mend; the message says how. */
export class LabError extends Error {
  override readonly name = 'LabError';
}
