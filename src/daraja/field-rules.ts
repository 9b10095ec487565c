/** What the prompt on the handset shows as the account. */
export const maxAccountReferenceLength = 12;
export const maxDescriptionLength = 13;

/** Per payment, since Safaricom raised it from 150,000. At least 1. */
export const maxAmountShillings = 250_000;

/**
 * A Kenyan mobile number in any usual way of writing it (`0712 345 678`, `+254-712-345678`, `112345678`), as Daraja wants it:
 * `2547XXXXXXXX` or `2541XXXXXXXX`. Null when it is none.
 */
export function normalisePhoneNumber(text: string): string | null {
  const subscriber = /^(?:\+?254|0)?([17]\d{8})$/.exec(text.replace(/[\s\u2010-\u2013-]/g, ''))?.[1];
  return subscriber === undefined ? null : `254${subscriber}`;
}

/** Letters, digits, space, `.`, `_`, `-`: others (`@ # &`) are reported to break requests (daraja.md §2.1). Not blank. */
export function isSafeText(text: string): boolean {
  return /^[A-Za-z0-9 ._-]+$/.test(text) && text.trim() !== '';
}

/** daraja.md §9, in any case. */
const forbiddenUrlWords = ['mpesa', 'm-pesa', 'safaricom', 'exec', 'exe', 'cmd', 'sql', 'query'] as const;

/**
 * Why Daraja would, or might, refuse this callback URL, as a sentence without its subject ("must …"); null when it is fine.
 * The words are refused for certain only in C2B, but are said to be avoided everywhere.
 */
export function callbackUrlProblem(url: string, { requireHttps }: { requireHttps: boolean }): string | null {
  const malformed = urlProblem(url);
  if (malformed !== null) return malformed;
  if (requireHttps && !/^https:/i.test(url)) return 'must begin with https://';
  const word = forbiddenUrlWords.find((candidate) => decoded(url).includes(candidate));
  return word === undefined
    ? null
    : `must not contain "${word}" anywhere, host name included: Safaricom refuses it`;
}

/** The part of a callback URL that no environment, not even a simulator, can do without. */
function urlProblem(url: string): string | null {
  if (/[\s\p{Cc}]/u.test(url)) return 'must not contain spaces';
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:\/\//i.test(url)) return 'must be an http:// or https:// address';
  if (parsed.username || parsed.password) return 'must not contain a user name or password';
  return parsed.hash ? 'must not contain a fragment (#)' : null;
}

/** Percent escapes and host names in Punycode spell words too. */
function decoded(url: string): string {
  const spelled = url.replace(/%([0-7][0-9a-f])/gi, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return `${spelled} ${URL.parse(url)?.host ?? ''}`.toLowerCase();
}

type StkPushFields = {
  phoneNumber: string;
  amountShillings: number;
  accountReference: string;
  description: string;
  callbackUrl: string;
};

type Rules<T> = readonly { holds: (fields: T) => boolean; problem: string }[];

/** The values are not repeated: one of them is a phone number, another holds a secret token. */
const stkPushRules: Rules<StkPushFields> = [
  {
    holds: ({ phoneNumber }) => /^254[17]\d{8}$/.test(phoneNumber),
    problem: 'the phone number must look like 2547XXXXXXXX or 2541XXXXXXXX',
  },
  {
    holds: ({ amountShillings: amount }) =>
      Number.isInteger(amount) && amount >= 1 && amount <= maxAmountShillings,
    problem: `the amount must be whole shillings from 1 to ${maxAmountShillings}`,
  },
  {
    holds: ({ accountReference: text }) => isSafeText(text) && text.length <= maxAccountReferenceLength,
    problem: `the account reference must be 1 to ${maxAccountReferenceLength} letters, digits, spaces or . _ -`,
  },
  {
    holds: ({ description: text }) => isSafeText(text) && text.length <= maxDescriptionLength,
    problem: `the description must be 1 to ${maxDescriptionLength} letters, digits, spaces or . _ -`,
  },
  {
    holds: ({ callbackUrl }) => urlProblem(callbackUrl) === null,
    problem: 'the callback URL must be an http or https address without spaces, password or fragment',
  },
];

type SettingsFields = {
  baseUrl: string;
  consumerKey: string;
  consumerSecret: { reveal(): string };
  passkey: { reveal(): string };
  businessShortCode: string;
  partyB: string;
  timeouts?: { connectMs?: number; totalMs?: number };
};

const shortCode = /^\d{5,7}$/;

/** A space or line break that came along when copying is the usual fault, and Safaricom calls it "wrong credentials". */
const credential = /^[\x21-\x7e]+$/;

const settingsRules: Rules<SettingsFields> = [
  {
    holds: ({ baseUrl }) => urlProblem(baseUrl) === null && !baseUrl.includes('?'),
    problem: 'the base URL must be an http or https address',
  },
  // A colon would end the key within the Authorization header.
  {
    holds: ({ consumerKey }) => credential.test(consumerKey) && !consumerKey.includes(':'),
    problem: 'the consumer key must not be empty or contain spaces or a colon',
  },
  {
    holds: ({ consumerSecret }) => credential.test(consumerSecret.reveal()),
    problem: 'the consumer secret must not be empty or contain spaces',
  },
  {
    holds: ({ passkey }) => credential.test(passkey.reveal()),
    problem: 'the passkey must not be empty or contain spaces',
  },
  {
    holds: ({ businessShortCode }) => shortCode.test(businessShortCode),
    problem: 'the business short code must have 5 to 7 digits',
  },
  {
    holds: ({ partyB }) => shortCode.test(partyB),
    problem: 'party B (the paybill or till number) must have 5 to 7 digits',
  },
  {
    holds: ({ timeouts }) =>
      [timeouts?.connectMs, timeouts?.totalMs].every((ms) => ms === undefined || ms > 0),
    problem: 'the time-outs must be above 0 ms',
  },
];

/** Every reason why Daraja would refuse this push for its form. Empty when there is none. */
export function stkPushProblems(request: StkPushFields): string[] {
  return problemsOf(stkPushRules, request);
}

/** Every setting that cannot work, whatever the environment. Empty when there is none. Shows no secret. */
export function darajaSettingsProblems(settings: SettingsFields): string[] {
  return problemsOf(settingsRules, settings);
}

function problemsOf<T>(rules: Rules<T>, fields: T): string[] {
  return rules.filter(({ holds }) => !holds(fields)).map(({ problem }) => problem);
}
