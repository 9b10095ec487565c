/** `<file>.<owner>.records`: both are UUIDv7s, so names sort by when their files were begun. */
export function recordsName(file: string, owner: string): string {
  return `${file}.${owner}.records`;
}

/** Also those that were put aside because they are damaged. */
export function holdsRecords(name: string): boolean {
  return name.includes('.records');
}

/** Null for a file that holds no records to replay. */
export function ownerOfRecords(name: string): string | null {
  return /^[0-9a-f-]{36}\.([0-9a-f-]{36})\.records$/.exec(name)?.[1] ?? null;
}

export function ownerOfLock(name: string): string | null {
  return /^([0-9a-f-]{36})\.lock$/.exec(name)?.[1] ?? null;
}
