import type { Check } from '../check.ts';
import { ok, problem, warning, type Finding } from '../finding.ts';
import { failureText } from '../probes/failure-text.ts';
import { readCertificate, type Certificate } from '../probes/read-certificate.ts';

/** Let's Encrypt renews 30 days before the end: with fewer left, nobody renews. */
const daysMin = 14;
const dayMs = 24 * 60 * 60 * 1000;

/** Whether strangers trust the certificate of the callback URL, and for how long yet. */
export const callbackCertificate: Check = {
  name: 'callback-certificate',
  settings: ['MPESA_ENVIRONMENT', 'CALLBACK_BASE_URL'],
  after: ['callback-address'],
  async run({ addresses: { callbacks }, clock, patienceMs }) {
    if (callbacks?.startsWith('https:') !== true) {
      return [ok('CERTIFICATE_NOT_NEEDED', 'The callback URL is not HTTPS.', 'The simulator takes it so.')];
    }
    try {
      return [judge(await readCertificate(callbacks, patienceMs), clock.now())];
    } catch (error) {
      return [
        problem(
          'HTTPS_NOT_ANSWERED',
          `No TLS connection to ${new URL(callbacks).host}: ${failureText(error)}`,
          'M-Pesa cannot post there. (Some networks cannot reach their own public address: try from another.)',
          'Start the proxy or tunnel, open its port to the internet, and see that it speaks HTTPS there.',
        ),
      ];
    }
  },
};

const faults: Record<string, string> = {
  CERT_HAS_EXPIRED: 'It has expired.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'It is signed by itself.',
  SELF_SIGNED_CERT_IN_CHAIN: 'It leads to an authority that nobody knows.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The certificates between it and its authority are not sent along.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'It leads to an authority that nobody knows.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'It is for another name.',
  CERT_NOT_YET_VALID: 'It is not valid yet.',
};

function judge({ host, fault, validTo }: Certificate, now: Date): Finding {
  if (fault !== null) {
    return problem(
      'CERTIFICATE_NOT_TRUSTED',
      `The certificate of ${host} is not trusted (${fault}). ${faults[fault] ?? ''}`.trim(),
      'M-Pesa does not post to a server that it cannot trust.',
      "Use a certificate of a known authority for this very name, such as Let's Encrypt gives, and have the proxy send the whole chain.",
    );
  }
  const days = Math.floor((validTo.getTime() - now.getTime()) / dayMs);
  const saw = `The certificate of ${host} is trusted and valid until ${validTo.toISOString().slice(0, 10)}.`;
  if (days >= daysMin)
    return ok('CERTIFICATE_TRUSTED', saw, 'M-Pesa can post here, as far as the certificate goes.');
  return warning(
    'CERTIFICATE_EXPIRES_SOON',
    saw,
    `In ${Math.max(days, 0)} days M-Pesa stops posting here.`,
    'Renew it now, and see why it was not renewed by itself.',
  );
}
