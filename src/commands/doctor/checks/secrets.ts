import type { Check } from '../check.ts';
import { ok, warning, type Finding } from '../finding.ts';
import { guessableBits } from '../probes/guessable-bits.ts';

/** Half of what `openssl rand -hex 32` gives, as far as can be told from looking at a text. */
const bitsMin = 80;

export const secrets: Check = {
  name: 'secrets',
  settings: ['MPESA_ENVIRONMENT', 'MALIPO_SECRET', 'BOOTSTRAP_API_KEY'],
  after: [],
  run({ config }) {
    const { malipoSecrets, bootstrapKey } = config.secrets;
    const weakest = Math.min(...malipoSecrets.map((secret) => guessableBits(secret.reveal())));
    return [
      malipoSecret(malipoSecrets.length, weakest),
      ...(bootstrapKey === null
        ? []
        : [bootstrap(guessableBits(bootstrapKey.reveal()), config.environment !== 'SIMULATOR')]),
    ];
  },
};

function malipoSecret(count: number, weakestBits: number): Finding {
  if (count === 0) {
    return ok(
      'SECRET_KEPT',
      'MALIPO_SECRET is not set.',
      'Malipo makes one at its first start and keeps it in DATA_DIR, for one machine.',
    );
  }
  if (weakestBits >= bitsMin) {
    return ok(
      'SECRET_STRONG',
      `MALIPO_SECRET is set${more(count)}.`,
      'It looks as if it were made by chance.',
    );
  }
  return warning(
    'SECRET_WEAK',
    'MALIPO_SECRET repeats itself too much to be made by chance.',
    'Whoever guesses it makes callbacks and watch tokens that Malipo believes.',
    'Put a new one in front of it, separated by a comma: `openssl rand -hex 32` makes one.',
  );
}

const more = (count: number): string => (count > 1 ? `, and ${count - 1} older` : '');

function bootstrap(bits: number, isExposed: boolean): Finding {
  if (bits < bitsMin) {
    return warning(
      'BOOTSTRAP_KEY_WEAK',
      'BOOTSTRAP_API_KEY repeats itself too much to be made by chance.',
      'Whoever guesses it may do everything: it has every scope.',
      'Set another: `openssl rand -hex 32` makes one.',
    );
  }
  if (!isExposed) {
    return ok(
      'BOOTSTRAP_KEY_SET',
      'BOOTSTRAP_API_KEY is set.',
      'No development key is made: this one opens everything.',
    );
  }
  return warning(
    'BOOTSTRAP_KEY_PRESENT',
    'BOOTSTRAP_API_KEY is set outside the simulator.',
    'It has every scope, never expires, and stands wherever the settings stand.',
    'Keep it for setting up. Give each app a key of its own, then take this one out of the settings.',
  );
}
