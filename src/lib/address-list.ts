import { BlockList, isIP, isIPv6 } from 'node:net';
import { plainAddress } from './peer.ts';

/** Whether an address, however it is written, is on the list. What is no address is on none. */
export type AddressList = { has(address: string): boolean };

/** Takes addresses and CIDR blocks, which the configuration has checked. */
export function createAddressList(entries: readonly string[]): AddressList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return {
    has(address) {
      const ip = plainAddress(address);
      // A proxy may forward an address with a port, or none at all.
      return isIP(ip) !== 0 && list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
    },
  };
}
