import type { Config } from '../../config/config.ts';
import { secretsOf } from '../../config/secrets-of.ts';
import type { Finding } from './finding.ts';

/** Shorter texts would hide innocent words, and are no secrets worth the name. */
const lengthMin = 6;

/**
 * The last line of defence: no check prints a secret, but what servers and drivers say is repeated, and one of them may
 * quote what it was given.
 */
export function concealSecrets(config: Config): (finding: Finding) => Finding {
  const secrets = secretsOf(config)
    .map((secret) => secret.reveal())
    .filter((text) => text.length >= lengthMin && text !== 'simulator');
  // The longest first: one may be part of another.
  secrets.sort((a, b) => b.length - a.length);
  const conceal = (text: string) =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
  return (finding) => ({
    ...finding,
    saw: conceal(finding.saw),
    means: conceal(finding.means),
    todo: finding.todo === null ? null : conceal(finding.todo),
  });
}
