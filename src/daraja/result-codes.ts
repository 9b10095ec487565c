/** What the code of a callback or a query says about a payment. Only `pending` is no end. */
export type ResultMeaning =
  | 'paid'
  | 'pending'
  | 'insufficient-funds'
  | 'wrong-pin'
  | 'cancelled'
  | 'unreachable'
  | 'expired'
  | 'subscriber-busy'
  | 'limit-exceeded'
  | 'payer-not-eligible'
  | 'prompt-failed'
  | 'merchant-configuration'
  | 'provider-busy'
  | 'other-failure';

/**
 * The codes of STK results (daraja.md §5). Left off on purpose, because nobody has shown them: 2008 (authentication
 * failed), 2026 (channel session expired), 100000100 (storage failure). The codes of other products are not here either: 2001
 * is a wrong PIN only on STK, and 17 a repeated amount only on STK and C2B.
 */
const codesByMeaning: Record<ResultMeaning, readonly string[]> = {
  paid: ['0'],
  pending: ['4999'],
  'insufficient-funds': ['1'],
  'wrong-pin': ['2001'],
  cancelled: ['1032', '1031'],
  unreachable: ['1037'],
  expired: ['1019', '1036'],
  'subscriber-busy': ['1001'],
  'limit-exceeded': ['2', '3', '4', '17'],
  'payer-not-eligible': ['11', '2006', '2040', '8006', 'E3008'],
  'prompt-failed': ['1025', '1101', '1102', '9999'],
  'merchant-configuration': ['2028', 'SFC_IC0003'],
  'provider-busy': ['26', ...Array.from({ length: 12 }, (_, index) => String(100_000_000 + index))],
  // The receiving account is full: the merchant's affair, and rare.
  'other-failure': ['8'],
};

const meaningByCode: ReadonlyMap<string, ResultMeaning> = new Map(
  Object.entries(codesByMeaning).flatMap(([meaning, codes]) =>
    // Object.entries widens the keys of a Record to string.
    codes.map((code) => [code, meaning as ResultMeaning] as const),
  ),
);

/**
 * "The transaction is still under processing" came with 4999 and, in one file, with "1", which otherwise means no funds:
 * a text that says "not finished" outranks the code. 1001's "a transaction is already in process" is another matter.
 */
const notFinished = /still under processing|is being processed/i;

/** The closed list of daraja.md §5. null = not on it: "ask again later". Codes are strings, never numbers. */
export function meaningOfResultCode(code: string): ResultMeaning | null {
  return meaningByCode.get(code) ?? null;
}

/** As `meaningOfResultCode`, and `pending` whatever the code when the description says that it is not finished. */
export function meaningOfResult(code: string, description: string): ResultMeaning | null {
  return notFinished.test(description) ? 'pending' : meaningOfResultCode(code);
}
