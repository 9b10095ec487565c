import { createAddressList, type AddressList } from '../lib/address-list.ts';

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
  const forToken = tokenPath === null ? null : createAddressList(tokenPath);
  const forSharedPath = createAddressList(sharedPath);
  const isOn = (list: AddressList, { address, isForwarded }: Sender): boolean =>
    (!isForwarded || trustForwarded) && list.has(address);
  return {
    mayUseToken: (sender) => forToken === null || isOn(forToken, sender),
    mayUseSharedPath: (sender) => isOn(forSharedPath, sender),
  };
}
