/** Whether PostgreSQL can store the text as it is: it takes no NUL and no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** The text without what PostgreSQL cannot store, and no longer than `maxLength`. */
export function storable(text: string, maxLength: number): string {
  return text.replaceAll('\0', '').slice(0, maxLength).toWellFormed();
}
