import { Masked } from '../lib/masked.ts';
import type { Config } from './config.ts';

/** Whatever of the settings must never be printed, for whoever prints. */
export function secretsOf({ daraja, secrets, database, hints }: Config): Masked[] {
  return [
    new Masked(daraja.consumerKey),
    daraja.consumerSecret,
    daraja.passkey,
    ...secrets.malipoSecrets,
    ...(secrets.bootstrapKey ? [secrets.bootstrapKey] : []),
    ...(database.kind === 'postgresql' ? passwordsIn(database.url) : []),
    ...(hints.kind === 'redis' ? [hints.url, ...passwordsIn(hints.url.reveal())] : []),
  ];
}

/** As it is written in the address, and as it is meant. */
function passwordsIn(address: string): Masked[] {
  const { password = '' } = URL.parse(address) ?? {};
  try {
    return [new Masked(password), new Masked(decodeURIComponent(password))];
  } catch {
    return [new Masked(password)];
  }
}
