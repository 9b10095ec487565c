/** The code that Node, PostgreSQL or a library gave an error, such as `ENOENT` or `23505`; empty where it gave none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
