/** Results of a push after which M-Pesa wants the payer's phone left alone for a while. */
export const coolDownCodes = ['1001', '17', '1037'] as const;
export type CoolDownCode = (typeof coolDownCodes)[number];

/** For how many seconds after each. */
export type CoolDowns = Readonly<Record<CoolDownCode, number>>;

/**
 * What daraja.md §5 gives: 1001, another session is open on the phone, 1 to 3 minutes; 17, the same amount again, at
 * least 2; 1037, the phone did not answer, which Safaricom asks to be given a minute.
 */
export const defaultCoolDowns: CoolDowns = { '1001': 120, '17': 120, '1037': 60 };
