import { BlockList, isIP, isIPv6 } from 'node:net';
import { plainAddress } from '../lib/peer.ts';

export type Sender = {
  /** The client's address, after proxies that are trusted. */
  address: string;
  /** Carries a header that a proxy adds, so that its connection says nothing about where it comes from. */
  isForwarded: boolean;
};

/** From where callbacks are believed. Null: from anywhere. */
export type SenderRules = {
  tokenPath: readonly string[] | null;
  sharedPath: readonly string[];
  /** Whether an address counts when a forwarding header is present and no proxy is trusted. */
  trustForwarded: boolean;
};

export type SenderCheck = { mayUseToken(sender: Sender): boolean; mayUseSharedPath(sender: Sender): boolean };

/** Takes addresses and CIDR blocks, which the configuration has checked. */
export function createSenderCheck({ tokenPath, sharedPath, trustForwarded }: SenderRules): SenderCheck {
  const forToken = tokenPath === null ? null : listOf(tokenPath);
  const forSharedPath = listOf(sharedPath);
  const isOn = (list: BlockList, { address, isForwarded }: Sender): boolean => {
    const ip = plainAddress(address);
    // A proxy may forward an address with a port, or none at all.
    if (isIP(ip) === 0 || (isForwarded && !trustForwarded)) return false;
    return list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
  };
  return {
    mayUseToken: (sender) => forToken === null || isOn(forToken, sender),
    mayUseSharedPath: (sender) => isOn(forSharedPath, sender),
  };
}

function listOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
