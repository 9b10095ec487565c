import type { Config } from '../../../config/config.ts';
import type { Check } from '../check.ts';
import { ok, problem, warning, type Finding } from '../finding.ts';

/** Safaricom's own for its sandbox, the same for everybody and in every guide (daraja.md §2.1). */
const sandboxShortCode = '174379';
const sandboxPasskey = 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919';

type Rule = { applies: (config: Config) => boolean; finding: (config: Config) => Finding };

const isTill = ({ daraja }: Config) => daraja.transactionType === 'CustomerBuyGoodsOnline';
const usesSandboxCode = ({ daraja }: Config) => daraja.businessShortCode === sandboxShortCode;

/**
 * What Daraja says nothing of until a prompt is sent: who is paid, and how. The payer would see an error, with result
 * code 2028 or SFC_IC0003.
 */
const rules: readonly Rule[] = [
  {
    applies: (config) => config.environment === 'PRODUCTION' && usesSandboxCode(config),
    finding: () =>
      problem(
        'SHORT_CODE_OF_SANDBOX',
        `MPESA_BUSINESS_SHORTCODE is ${sandboxShortCode}, Safaricom's own for its sandbox.`,
        'In production nobody is paid through it.',
        'Set your own: the paybill, or for a till the store number.',
      ),
  },
  {
    applies: (config) =>
      config.environment === 'PRODUCTION' && config.daraja.passkey.reveal() === sandboxPasskey,
    finding: () =>
      problem(
        'PASSKEY_OF_SANDBOX',
        "MPESA_PASSKEY is Safaricom's own for its sandbox.",
        'In production every payment is refused with it.',
        'Set the one that Safaricom sent you when you went live.',
      ),
  },
  {
    applies: (config) => config.environment === 'SANDBOX' && usesSandboxCode(config) && isTill(config),
    finding: () =>
      problem(
        'SANDBOX_HAS_NO_TILL',
        `MPESA_TRANSACTION_TYPE is CustomerBuyGoodsOnline with the sandbox's ${sandboxShortCode}, which is a paybill.`,
        'The sandbox refuses it: Invalid TransactionType.',
        'Test with CustomerPayBillOnline, and change over in production.',
      ),
  },
  {
    applies: (config) => config.environment === 'SANDBOX' && !usesSandboxCode(config),
    finding: ({ daraja }) =>
      warning(
        'SHORT_CODE_NOT_OF_SANDBOX',
        `MPESA_BUSINESS_SHORTCODE is ${daraja.businessShortCode} in the sandbox.`,
        `The sandbox prompts for ${sandboxShortCode}, and is not known to prompt for another.`,
        `Use ${sandboxShortCode}, and your own in production.`,
      ),
  },
  {
    applies: (config) => !isTill(config) && config.daraja.partyB !== config.daraja.businessShortCode,
    finding: ({ daraja }) =>
      warning(
        'PAYBILL_PAYS_ANOTHER',
        `MPESA_PARTY_B is ${daraja.partyB} and MPESA_BUSINESS_SHORTCODE ${daraja.businessShortCode}, for a paybill.`,
        'For a paybill both are the same. Two numbers are usual for a till, and then the type is another.',
        'Take MPESA_PARTY_B out, or for a till set MPESA_TRANSACTION_TYPE=CustomerBuyGoodsOnline.',
      ),
  },
  {
    applies: (config) => !isTill(config) && config.daraja.businessShortCode.length === 7,
    finding: ({ daraja }) =>
      warning(
        'PAYBILL_LOOKS_LIKE_TILL',
        `MPESA_BUSINESS_SHORTCODE ${daraja.businessShortCode} has 7 digits, for a paybill.`,
        'Paybills have 5 or 6 digits; 7 are usual for a till.',
        'For a till set MPESA_TRANSACTION_TYPE=CustomerBuyGoodsOnline, MPESA_PARTY_B to the till number, and MPESA_BUSINESS_SHORTCODE to the store number.',
      ),
  },
  {
    applies: (config) => isTill(config) && config.daraja.partyB === config.daraja.businessShortCode,
    finding: ({ daraja }) =>
      warning(
        'TILL_IS_STORE',
        `MPESA_PARTY_B and MPESA_BUSINESS_SHORTCODE are both ${daraja.partyB}, for a till.`,
        'Usually the first is the till number and the second the store (head office) number that you went live with.',
        'If payments end with result 2028, set MPESA_BUSINESS_SHORTCODE to the store number.',
      ),
  },
];

export const shortCode: Check = {
  name: 'short-code',
  settings: [
    'MPESA_ENVIRONMENT',
    'MPESA_BUSINESS_SHORTCODE',
    'MPESA_PASSKEY',
    'MPESA_TRANSACTION_TYPE',
    'MPESA_PARTY_B',
  ],
  after: [],
  run({ config }) {
    const findings = rules.filter(({ applies }) => applies(config)).map(({ finding }) => finding(config));
    return findings.length > 0 ? findings : [plausible(config)];
  },
};

function plausible(config: Config): Finding {
  const { partyB, businessShortCode } = config.daraja;
  const saw = isTill(config)
    ? `Till ${partyB} of store ${businessShortCode} is paid.`
    : `Paybill ${businessShortCode} is paid.`;
  return ok(
    'SHORT_CODE_PLAUSIBLE',
    saw,
    'Type and numbers fit each other. Only a payment proves that they are yours.',
  );
}
