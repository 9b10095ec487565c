import { BlockList, isIPv6 } from 'node:net';
import { plainAddress } from '../../../lib/peer.ts';

/** Of addresses and CIDR blocks, which the configuration has checked. */
export function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

export function isOnList(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}
