import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { createAddressList } from '../lib/address-list.ts';
import { plainAddress } from '../lib/peer.ts';

export type ClientAddress = (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/**
 * Where a request comes from: the nearest address that is no trusted proxy's. It is for counting, so an IPv6 address
 * stands for its whole /64, which is what one customer of a provider has to choose from.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const proxies = createAddressList(trustedProxies);
  return ({ headers, socket }) => {
    const claimed = String(headers['x-forwarded-for'] ?? '').split(',');
    let address = socket.remoteAddress ?? '';
    while (proxies.has(address)) {
      const before = claimed.pop()?.trim();
      if (before === undefined || before === '') break;
      address = before;
    }
    return network(plainAddress(address));
  };
}

function network(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const after = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return `${[...groups, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
