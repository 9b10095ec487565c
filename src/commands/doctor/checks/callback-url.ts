import { callbackUrlProblem } from '../../../daraja/field-rules.ts';
import type { Check } from '../check.ts';
import { ok, problem, warning } from '../finding.ts';

/** Safaricom names these as not to be used (daraja.md §9), though many a tunnel works in the sandbox. */
const tunnels = /ngrok|mockbin|requestbin/i;

/** How the address reads. What the settings forbid outright is the finding of "settings". */
export const callbackUrl: Check = {
  name: 'callback-url',
  settings: ['MPESA_ENVIRONMENT', 'CALLBACK_BASE_URL'],
  after: [],
  run({ config: { environment, callbackBaseUrl } }) {
    if (callbackBaseUrl === null) {
      return [
        ok(
          'CALLBACK_URL_OWN',
          'CALLBACK_BASE_URL is not set.',
          'The simulator posts results to this server itself.',
        ),
      ];
    }
    const { hostname, protocol } = new URL(callbackBaseUrl);
    if (environment !== 'SIMULATOR' && protocol !== 'https:') {
      return [
        problem(
          'CALLBACK_URL_NOT_HTTPS',
          `CALLBACK_BASE_URL begins with ${protocol}//.`,
          'Safaricom refuses such callback URLs: 400.002.02 Invalid CallBackURL.',
          'Put a proxy or a tunnel with HTTPS in front, and set its address.',
        ),
      ];
    }
    const wrong = callbackUrlProblem(callbackBaseUrl, { requireHttps: false });
    if (wrong !== null) {
      return [
        warning(
          'CALLBACK_URL_WORD',
          `CALLBACK_BASE_URL ${wrong}.`,
          'The simulator takes it. The server does not start with it for Safaricom.',
          'Choose another host name and path before you leave the simulator.',
        ),
      ];
    }
    if (tunnels.test(hostname)) {
      return [
        warning(
          'CALLBACK_URL_TUNNEL',
          `CALLBACK_BASE_URL leads through ${hostname}.`,
          'Safaricom asks not to use this tunnel: it may refuse the address, or not call it.',
          'Use another tunnel for tests, and a name of your own in production.',
        ),
      ];
    }
    return [
      ok('CALLBACK_URL_FITS', `M-Pesa is told to post to ${hostname}.`, 'Nothing in the address is refused.'),
    ];
  },
};
