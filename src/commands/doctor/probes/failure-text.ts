/** What an error says of itself, in one line. Several addresses that all refused are one error without a message. */
export function failureText(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const text = first instanceof Error ? first.message || first.name : String(first);
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
