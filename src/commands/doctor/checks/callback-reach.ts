import type { Check } from '../check.ts';
import { ok, problem, skipped, type Finding } from '../finding.ts';
import { readJson } from '../probes/read-json.ts';
import type { Exchange } from '../../../daraja/wire/http-client.ts';

/** Whether a request to the callback URL arrives at a Malipo. It is made from here, which M-Pesa is not. */
export const callbackReach: Check = {
  name: 'callback-reach',
  settings: ['MPESA_ENVIRONMENT', 'CALLBACK_BASE_URL', 'CALLBACK_PORT', 'HOST', 'PORT'],
  after: ['callback-address', 'callback-certificate'],
  async run({ callbackHealth, serverHealth }) {
    const [health, server] = await Promise.all([callbackHealth(), serverHealth()]);
    const runsHere = server.outcome === 'answered';
    if (!runsHere && isSilence(health)) return [notRunning(health)];
    return [health.outcome === 'answered' ? judge(health) : unreachable(health.cause)];
  },
};

type Answered = Extract<Exchange, { outcome: 'answered' }>;

/** What a proxy or a tunnel says in place of a server that does not run. */
const absences: ReadonlySet<number> = new Set([502, 503, 504, 530]);

function isSilence(exchange: Exchange): boolean {
  return exchange.outcome !== 'answered' || absences.has(exchange.status);
}

function notRunning(exchange: Exchange): Finding {
  const saw = exchange.outcome === 'answered' ? `HTTP ${exchange.status}` : exchange.cause;
  return skipped(
    'CALLBACK_SERVER_NOT_RUNNING',
    `Nothing answers at the callback URL (${saw}), and no server runs here.`,
    'Whether callbacks arrive shows only while it runs.',
    'Start it, and run the doctor again.',
  );
}

function unreachable(cause: string): Finding {
  return problem(
    'CALLBACK_UNREACHABLE',
    `The server runs, and nothing answers at the callback URL: ${cause}.`,
    'Callbacks do not arrive. (Some networks cannot reach their own public address: try from another.)',
    'Start the proxy or tunnel, let it lead to PORT or CALLBACK_PORT, and open its port to the internet.',
  );
}

function judge({ status, headers, body }: Answered): Finding {
  if (status >= 300 && status < 400) {
    return problem(
      'CALLBACK_REDIRECTED',
      `The callback URL leads on to ${originOf(headers.location)} (HTTP ${status}).`,
      'M-Pesa is not known to follow: callbacks would be lost.',
      'Set CALLBACK_BASE_URL to where it leads, or have the proxy hand the requests on.',
    );
  }
  const { status: said, endpoint } = readJson(body);
  if (status === 200 && said === 'healthy' && endpoint === '/mpesa/callback') {
    return ok(
      'CALLBACK_ARRIVES',
      'A request to the callback URL arrives at a Malipo.',
      'M-Pesa reaches it as well, unless a firewall on the way lets only some in.',
    );
  }
  if (status === 200) {
    return problem(
      'CALLBACK_ANSWERED_BY_ANOTHER',
      'Something that is not Malipo answers at the callback URL (HTTP 200).',
      'Callbacks go to it and are lost; M-Pesa is told that all is well.',
      'Let the proxy or tunnel lead to PORT or CALLBACK_PORT. Some tunnels show a page of their own first: turn that off.',
    );
  }
  return problem(
    'CALLBACK_REFUSED',
    `The callback URL answers with HTTP ${status}.`,
    absences.has(status)
      ? 'The proxy or tunnel does not reach Malipo. Callbacks are lost.'
      : 'What stands in front of Malipo does not let callbacks through to it.',
    'Let the proxy or tunnel hand /cb/ and /mpesa/callback on to PORT or CALLBACK_PORT, without asking who comes.',
  );
}

/** Without its path, which may be long, or a secret. */
function originOf(location: string | undefined): string {
  const url = URL.parse(location ?? '');
  return url === null ? 'another path' : url.origin;
}
