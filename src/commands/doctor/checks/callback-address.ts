import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Check } from '../check.ts';
import { ok, problem } from '../finding.ts';
import { isPublicAddress } from '../probes/is-public-address.ts';

/** Whether the host name of the callback URL leads to a place on the internet. */
export const callbackAddress: Check = {
  name: 'callback-address',
  settings: ['MPESA_ENVIRONMENT', 'CALLBACK_BASE_URL'],
  after: ['callback-url'],
  async run({ config: { environment, callbackBaseUrl } }) {
    if (callbackBaseUrl === null) {
      return [
        ok('CALLBACK_ADDRESS_OWN', 'The simulator posts to this machine.', 'No name has to be looked up.'),
      ];
    }
    const host = new URL(callbackBaseUrl).hostname.replace(/^\[|\]$/g, '');
    const found = await addressesOf(host);
    if (found.length === 0) {
      return [
        problem(
          'CALLBACK_HOST_UNKNOWN',
          `The name ${host} leads to no address.`,
          'M-Pesa cannot find this server. Payments settle by status queries alone, later and without a receipt.',
          'Make a DNS record for it, or correct CALLBACK_BASE_URL. A new record may take hours to be seen.',
        ),
      ];
    }
    const inner = found.filter((address) => !isPublicAddress(address));
    if (inner.length > 0 && environment !== 'SIMULATOR') {
      return [
        problem(
          'CALLBACK_ADDRESS_PRIVATE',
          `${host} is ${inner.join(', ')}, which is not an address on the internet.`,
          'M-Pesa cannot reach it. (If your network has a name server of its own, others may see another address.)',
          'Let the name lead to the public address of your proxy or tunnel.',
        ),
      ];
    }
    return [
      ok(
        'CALLBACK_ADDRESS_FOUND',
        `${host} is ${found.join(', ')}.`,
        'M-Pesa finds it, if it sees the same.',
      ),
    ];
  },
};

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
