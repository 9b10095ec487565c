import type { Check } from '../check.ts';
import type { Context } from '../context.ts';
import { ok, problem, skipped, warning, type Finding } from '../finding.ts';
import { fetchOnce } from '../probes/fetch-once.ts';

/**
 * Whether the allow-list can be got round by claiming an address. Both posts go to a callback URL that no Malipo ever
 * made: a sender that is believed is told that there is nothing (404), any other is refused (403). Neither is kept.
 */
export const forgedSender: Check = {
  name: 'forged-sender',
  settings: ['MPESA_ENVIRONMENT', 'CALLBACK_ALLOWED_IPS', 'TRUSTED_PROXIES'],
  after: ['callback-reach', 'proxies'],
  async run(context) {
    const [allowed] = context.config.senders.tokenPath ?? [];
    if (allowed === undefined || context.config.trustedProxies.length === 0) {
      return [
        ok(
          'SENDER_NOT_CLAIMED',
          'No proxy is believed, or no address is asked for.',
          'Nobody gains anything by claiming to be at another address.',
        ),
      ];
    }
    const honest = await post(context, {});
    if (honest === 403)
      return [judge(await post(context, { 'x-forwarded-for': allowed.split('/')[0] ?? '' }))];
    return [honest === 404 ? believedHere(context) : unseen(honest)];
  },
};

/** The HTTP status; null for no answer. */
async function post(
  { addresses, patienceMs }: Context,
  headers: Record<string, string>,
): Promise<number | null> {
  const exchange = await fetchOnce(addresses.callbacks ?? '', {
    method: 'POST',
    path: '/cb/00',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{}',
    patienceMs,
  });
  return exchange.outcome === 'answered' ? exchange.status : null;
}

function judge(claiming: number | null): Finding {
  if (claiming === 403) {
    return ok(
      'SENDER_NOT_FORGED',
      "A post from here was refused, and one that claimed to come from Safaricom's address as well.",
      'The allow-list is at work, and the proxy does not pass on what senders claim.',
    );
  }
  if (claiming !== 404) return unseen(claiming);
  return problem(
    'PROXY_PASSES_CLAIMS',
    "A post from here that claimed Safaricom's address in X-Forwarded-For was believed.",
    'Anybody gets past the allow-list: the proxy hands on what senders write.',
    'Have the proxy set X-Forwarded-For to the address that it sees; in nginx: proxy_set_header X-Forwarded-For $remote_addr;',
  );
}

function believedHere({ config }: Context): Finding {
  if (config.environment === 'SIMULATOR') {
    return ok(
      'SENDER_BELIEVED_HERE',
      'A post from this machine is believed.',
      'The simulator posts from here.',
    );
  }
  return warning(
    'SENDER_BELIEVED_HERE',
    'A post from this machine is believed, as if it came from Safaricom.',
    'This machine is on CALLBACK_ALLOWED_IPS, or the proxy names another address than that of who comes.',
    'Take this machine off the list. If it is not on it, see what the proxy writes into X-Forwarded-For.',
  );
}

function unseen(status: number | null): Finding {
  return skipped(
    'SENDER_UNSEEN',
    `A post to a callback URL that nobody made was answered ${status === null ? 'by nothing' : `with HTTP ${status}`}.`,
    'That says nothing about the allow-list.',
    'See that the proxy hands POST requests to /cb/ on, and run the doctor again.',
  );
}
