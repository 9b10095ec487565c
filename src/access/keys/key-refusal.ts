export type KeyRefusalCode =
  | 'INVALID_NAME'
  | 'INVALID_SCOPES'
  | 'SCOPE_NOT_HELD'
  | 'INVALID_EXPIRY'
  | 'INVALID_OVERLAP'
  | 'KEY_NOT_ACTIVE'
  | 'NOT_FOUND';

/** What the caller can mend; `message` says how. */
export type KeyRefusal<Field extends string> = { code: KeyRefusalCode; message: string; field: Field };
