/**
 * From where Safaricom posts callbacks: the twelve of its go-live page and two that are often seen besides
 * (daraja.md §8). A setting, because sources disagree and the list changes.
 */
const safaricomAddresses = [
  '196.201.214.200',
  '196.201.214.206',
  '196.201.214.207',
  '196.201.214.208',
  '196.201.213.114',
  '196.201.213.44',
  '196.201.212.127',
  '196.201.212.128',
  '196.201.212.129',
  '196.201.212.132',
  '196.201.212.136',
  '196.201.212.138',
  '196.201.212.74',
  '196.201.212.69',
];

const loopbackAddresses = ['127.0.0.0/8', '::1'];

/** From where callbacks are believed; `tokenPath` null: from anywhere, because the token proves enough. */
export type CallbackSenders = {
  tokenPath: readonly string[] | null;
  sharedPath: readonly string[];
  trustForwarded: boolean;
};

const defaults: Record<'simulator' | 'sandbox' | 'production', Omit<CallbackSenders, 'trustForwarded'>> = {
  simulator: { tokenPath: loopbackAddresses, sharedPath: loopbackAddresses },
  sandbox: { tokenPath: null, sharedPath: [] },
  production: { tokenPath: safaricomAddresses, sharedPath: safaricomAddresses },
};

export function callbackSenders(
  environment: keyof typeof defaults,
  allowed: readonly string[] | null,
  trustForwarded: boolean,
): CallbackSenders {
  const senders = allowed === null ? defaults[environment] : { tokenPath: allowed, sharedPath: allowed };
  return { ...senders, trustForwarded };
}
