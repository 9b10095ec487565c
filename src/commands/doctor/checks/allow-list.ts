import { callbackSenders } from '../../../config/safaricom-addresses.ts';
import { createAddressList } from '../../../lib/address-list.ts';
import type { Check } from '../check.ts';
import { ok, problem, warning } from '../finding.ts';

const known = callbackSenders('production', null, false).sharedPath;

/** From where callbacks are believed. */
export const allowList: Check = {
  name: 'allow-list',
  settings: ['MPESA_ENVIRONMENT', 'CALLBACK_ALLOWED_IPS'],
  after: [],
  run({ config: { environment, senders } }) {
    if (senders.tokenPath === null) {
      return [
        ok(
          'CALLBACKS_BY_TOKEN',
          'CALLBACK_ALLOWED_IPS is not set in the sandbox.',
          'Callbacks are believed from anywhere at /cb/…, where a token proves them, and from nowhere at /mpesa/callback.',
        ),
      ];
    }
    const list = createAddressList(senders.tokenPath);
    if (environment === 'SIMULATOR') {
      return [
        ok(
          'ALLOW_LIST_LOCAL',
          `Callbacks are believed from ${senders.tokenPath.join(', ')}.`,
          'The simulator is there.',
        ),
      ];
    }
    if (senders.tokenPath.some((entry) => entry.endsWith('/0'))) {
      return [
        problem(
          'ALLOW_LIST_OPEN',
          'CALLBACK_ALLOWED_IPS holds a block of all addresses.',
          'Whoever learns a CheckoutRequestID could post to /mpesa/callback that it was paid.',
          "Take it out. Without the setting, Safaricom's known addresses are believed.",
        ),
      ];
    }
    const missing = known.filter((address) => !list.has(address));
    if (missing.length === 0) {
      return [
        ok(
          'ALLOW_LIST_KNOWS_SAFARICOM',
          `Callbacks are believed from ${senders.tokenPath.length} addresses and blocks.`,
          "All of Safaricom's known addresses are among them. Should it add one, `a callback was refused` in the log names it.",
        ),
      ];
    }
    return [
      warning(
        'ALLOW_LIST_LACKS_SAFARICOM',
        `CALLBACK_ALLOWED_IPS lacks ${missing.length} of Safaricom's ${known.length} known addresses: ${missing.join(', ')}.`,
        'Callbacks from there are refused with 403; their payments settle by status queries, without a receipt.',
        "Add them, or take the setting out: then Safaricom's known addresses are believed.",
      ),
    ];
  },
};
