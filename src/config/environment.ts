import type { EnvReader } from './env.ts';

export type Environment = 'SIMULATOR' | 'SANDBOX' | 'PRODUCTION';

export const environments = { simulator: 'SIMULATOR', sandbox: 'SANDBOX', production: 'PRODUCTION' } as const;
export type EnvironmentName = keyof typeof environments;

export const safaricomUrls: Record<EnvironmentName, string | null> = {
  simulator: null,
  sandbox: 'https://sandbox.safaricom.co.ke',
  production: 'https://api.safaricom.co.ke',
};

export const requiredForDaraja = [
  'MPESA_CONSUMER_KEY',
  'MPESA_CONSUMER_SECRET',
  'MPESA_PASSKEY',
  'MPESA_BUSINESS_SHORTCODE',
] as const;

/** Only a machine's own address may leave M-Pesa out: anything else without credentials would pretend to be paid. */
export function environmentName(reader: EnvReader, host: string): EnvironmentName {
  const chosen = reader.choice('MPESA_ENVIRONMENT', ['simulator', 'sandbox', 'production']);
  const baseUrl = reader.text('MPESA_BASE_URL');
  if (baseUrl !== undefined && !/^https?:\/\/[^\s?#]+$/.test(baseUrl)) {
    reader.problem('MPESA_BASE_URL must be an http:// or https:// address');
  }
  const isSafaricom = baseUrl === undefined || isSafaricomHost(URL.parse(baseUrl)?.hostname ?? '');
  if (!isSafaricom) {
    if (chosen !== undefined && chosen !== 'simulator') {
      reader.problem(
        `MPESA_BASE_URL is not Safaricom's, so MPESA_ENVIRONMENT must be simulator, not ${chosen}`,
      );
    }
    return 'simulator';
  }
  if (chosen !== undefined) {
    // Played money must never be called real, nor real money played.
    if (baseUrl !== undefined && baseUrl.replace(/\/$/, '') !== safaricomUrls[chosen]) {
      reader.problem(`MPESA_BASE_URL is not the address of the ${chosen} environment; leave it out`);
    }
    return chosen;
  }
  if (baseUrl !== undefined) {
    reader.problem(`MPESA_ENVIRONMENT must say sandbox or production, because MPESA_BASE_URL is Safaricom's`);
    return 'simulator';
  }
  if (reader.text('MPESA_ENVIRONMENT') !== undefined) return 'simulator';
  const given = requiredForDaraja.filter((name) => reader.has(name));
  if (given.length > 0) {
    reader.problem(`MPESA_ENVIRONMENT must say sandbox or production, because ${given.join(', ')} is set`);
  } else if (!isLoopback(host)) {
    reader.problem(`MPESA_ENVIRONMENT must be set, because HOST ${host} can be reached from other machines`);
  }
  return 'simulator';
}

/** However its address is written: what speaks to Safaricom must never be called a simulator. */
function isSafaricomHost(hostname: string): boolean {
  return hostname === 'safaricom.co.ke' || hostname.endsWith('.safaricom.co.ke');
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
