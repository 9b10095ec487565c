import { Masked } from '../lib/masked.ts';
import type { EnvReader } from './env.ts';
import type { EnvironmentName } from './environment.ts';

const secretLengthMin = 32;

/** Empty: one is made and kept in DATA_DIR. */
export function malipoSecrets(reader: EnvReader, name: EnvironmentName): Masked[] {
  const secrets = (reader.secret('MALIPO_SECRET') ?? '').split(/[\s,]+/).filter((text) => text !== '');
  if (secrets.some((secret) => secret.length < secretLengthMin)) {
    reader.problem(
      `MALIPO_SECRET must have at least ${String(secretLengthMin)} characters, such as \`openssl rand -hex 32\` prints`,
    );
  }
  if (name === 'production' && secrets.length === 0) reader.problem('MALIPO_SECRET is missing');
  return secrets.map((secret) => new Masked(secret));
}

const bootstrapKeyLengthMin = 20;

export function bootstrapKey(reader: EnvReader): Masked | null {
  const key = reader.secret('BOOTSTRAP_API_KEY');
  if (key === undefined) return null;
  if (key.length < bootstrapKeyLengthMin || !/^[\x21-\x7e]+$/.test(key)) {
    reader.problem(
      `BOOTSTRAP_API_KEY must have at least ${String(bootstrapKeyLengthMin)} printable characters and no spaces`,
    );
  }
  return new Masked(key);
}
