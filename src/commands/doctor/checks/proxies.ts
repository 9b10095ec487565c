import { isLoopback } from '../../../config/environment.ts';
import { createAddressList } from '../../../lib/address-list.ts';
import type { Check } from '../check.ts';
import type { Context } from '../context.ts';
import { ok, problem, warning, type Finding } from '../finding.ts';

type Rule = { applies: (context: Context) => boolean; finding: (context: Context) => Finding };

const trusted = ({ config }: Context) => config.trustedProxies;
const isForwardedUntrusted = (context: Context) =>
  context.addresses.isCallbackForwarded && trusted(context).length === 0;

/** The first that applies. */
const rules: readonly Rule[] = [
  {
    applies: (context) => trusted(context).some((entry) => entry.endsWith('/0')),
    finding: () =>
      problem(
        'PROXIES_ARE_EVERYBODY',
        'TRUSTED_PROXIES holds a block of all addresses.',
        'Anybody may claim in X-Forwarded-For to be Safaricom: the allow-list keeps nobody out.',
        'List your proxies alone.',
      ),
  },
  {
    applies: (context) => isForwardedUntrusted(context) && context.config.environment === 'SIMULATOR',
    finding: () =>
      warning(
        'PROXY_NOT_TRUSTED',
        'CALLBACK_BASE_URL is not this server itself, so something hands callbacks on, and TRUSTED_PROXIES is not set.',
        'If that adds X-Forwarded-For, callbacks of the simulator are refused with 403.',
        'Leave CALLBACK_BASE_URL out with the simulator, or name the proxy in TRUSTED_PROXIES.',
      ),
  },
  {
    applies: (context) => isForwardedUntrusted(context) && context.config.senders.tokenPath === null,
    finding: () =>
      ok(
        'PROXY_NEED_NOT_BE_TRUSTED',
        'Something hands callbacks on to this server, and TRUSTED_PROXIES is not set.',
        'In the sandbox the token of the callback URL proves enough. In production TRUSTED_PROXIES is needed.',
      ),
  },
  {
    applies: isForwardedUntrusted,
    finding: () =>
      problem(
        'PROXY_NOT_TRUSTED',
        'CALLBACK_BASE_URL is not this server itself, so a proxy hands callbacks on, and TRUSTED_PROXIES is not set.',
        'Every callback seems to come from the proxy, is not on the allow-list, and is refused with 403.',
        'Set TRUSTED_PROXIES to the address from which the proxy connects: 127.0.0.1 for one on this machine. Have the proxy set X-Forwarded-For to the address that it sees.',
      ),
  },
  {
    applies: (context) =>
      trusted(context).length > 0 && isLoopback(context.config.host) && !trustsLoopback(context),
    finding: ({ config }) =>
      problem(
        'PROXY_ELSEWHERE',
        `HOST is ${config.host}, and TRUSTED_PROXIES does not hold it.`,
        'Only a proxy on this machine can connect to this server, and that one is not believed: every callback that an allow-list guards is refused with 403.',
        'Add 127.0.0.1 (or ::1) to TRUSTED_PROXIES, or let HOST be an address that the proxy reaches.',
      ),
  },
  {
    applies: (context) => trusted(context).length > 0,
    finding: (context) =>
      ok(
        'PROXIES_TRUSTED',
        `X-Forwarded-For is believed from ${trusted(context).join(', ')}.`,
        'The allow-list looks at the address that the proxy names.',
      ),
  },
];

/** Who hands callbacks on, and whether it is believed when it says for whom. */
export const proxies: Check = {
  name: 'proxies',
  settings: [
    'MPESA_ENVIRONMENT',
    'CALLBACK_BASE_URL',
    'CALLBACK_PORT',
    'HOST',
    'PORT',
    'TRUSTED_PROXIES',
    'CALLBACK_ALLOWED_IPS',
  ],
  after: [],
  run(context) {
    const rule = rules.find(({ applies }) => applies(context));
    return [
      rule?.finding(context) ??
        ok(
          'PROXIES_NONE',
          'Nothing stands between M-Pesa and this server.',
          'Callbacks come from who sends them.',
        ),
    ];
  },
};

function trustsLoopback(context: Context): boolean {
  const list = createAddressList(trusted(context));
  return ['127.0.0.1', '::1'].some((address) => list.has(address));
}
