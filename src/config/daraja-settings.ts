import { Masked } from '../lib/masked.ts';
import type { EnvReader } from './env.ts';
import { requiredForDaraja, safaricomUrls, type EnvironmentName } from './environment.ts';

export type DarajaConfig = {
  /** Null: the built-in simulator's, once it runs. */
  baseUrl: string | null;
  consumerKey: string;
  consumerSecret: Masked;
  passkey: Masked;
  businessShortCode: string;
  transactionType: 'CustomerPayBillOnline' | 'CustomerBuyGoodsOnline';
  partyB: string;
};

export function darajaConfig(reader: EnvReader, name: EnvironmentName): DarajaConfig {
  if (name !== 'simulator') {
    for (const required of requiredForDaraja) {
      if (!reader.has(required)) reader.problem(`${required} is missing`);
    }
  }
  const businessShortCode = reader.secret('MPESA_BUSINESS_SHORTCODE') ?? '174379';
  const partyB = reader.text('MPESA_PARTY_B') ?? businessShortCode;
  for (const [setting, code] of Object.entries({
    MPESA_BUSINESS_SHORTCODE: businessShortCode,
    MPESA_PARTY_B: partyB,
  })) {
    const isCopy = setting === 'MPESA_PARTY_B' && code === businessShortCode;
    if (!isCopy && !/^\d{5,7}$/.test(code)) reader.problem(`${setting} must have 5 to 7 digits`);
  }
  const transactionType =
    reader.choice('MPESA_TRANSACTION_TYPE', ['CustomerPayBillOnline', 'CustomerBuyGoodsOnline']) ??
    'CustomerPayBillOnline';
  if (transactionType === 'CustomerBuyGoodsOnline' && reader.text('MPESA_PARTY_B') === undefined) {
    reader.problem('MPESA_PARTY_B must be the till number; MPESA_BUSINESS_SHORTCODE is the store number');
  }
  return {
    baseUrl: reader.text('MPESA_BASE_URL') ?? safaricomUrls[name],
    consumerKey: reader.secret('MPESA_CONSUMER_KEY') ?? 'simulator',
    consumerSecret: new Masked(reader.secret('MPESA_CONSUMER_SECRET') ?? 'simulator'),
    passkey: new Masked(reader.secret('MPESA_PASSKEY') ?? 'simulator'),
    businessShortCode,
    transactionType,
    partyB,
  };
}
