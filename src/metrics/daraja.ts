import { Counter, Histogram, type Registry } from 'prom-client';
import { DarajaError } from '../daraja/daraja-error.ts';
import type { Daraja, MintOutcome } from '../daraja/daraja.ts';

export type DarajaMetrics = {
  minted: (outcome: MintOutcome, ms: number) => void;
  /** The same Daraja, whose requests are counted and timed. */
  observe(daraja: Daraja): Daraja;
};

/** What we ask of M-Pesa, and what it answers. */
export function darajaMetrics(registry: Registry): DarajaMetrics {
  const registers = [registry];
  const requests = new Histogram({
    name: 'malipo_daraja_request_duration_seconds',
    help: 'Requests to M-Pesa: push asks for a prompt, query for the state of one, token for an access token.',
    labelNames: ['operation', 'outcome'],
    buckets: [0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 20],
    registers,
  });
  const refusals = new Counter({
    name: 'malipo_push_refusals_total',
    help: 'Prompts that M-Pesa refused, by kind. Only busy and invalid-token are sent again.',
    labelNames: ['kind'],
    registers,
  });
  const tokenFailures = new Counter({
    name: 'malipo_token_unavailable_total',
    help: 'Times that nothing could be asked of M-Pesa because there was no access token. token-contended: another system mints with the same consumer key.',
    labelNames: ['reason'],
    registers,
  });
  // A series that is not there cannot be seen to rise: these are what alerts are about.
  for (const reason of ['token-contended', 'wrong-credentials', 'wrong-environment'] as const)
    tokenFailures.inc({ reason }, 0);

  async function timed<T extends { outcome: string }>(operation: string, asking: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const answer = await asking;
    requests.observe({ operation, outcome: answer.outcome }, (performance.now() - startedAt) / 1_000);
    return answer;
  }

  return {
    minted: (outcome, ms) => requests.observe({ operation: 'token', outcome }, ms / 1_000),
    observe: (daraja) => ({
      ...daraja,
      async accessToken() {
        try {
          return await daraja.accessToken();
        } catch (error) {
          if (error instanceof DarajaError) tokenFailures.inc({ reason: error.reason });
          throw error;
        }
      },
      async stkPush(token, request) {
        const answer = await timed('push', daraja.stkPush(token, request));
        if (answer.outcome === 'refused') refusals.inc({ kind: answer.kind });
        return answer;
      },
      stkQuery: (token, checkoutRequestId) => timed('query', daraja.stkQuery(token, checkoutRequestId)),
    }),
  };
}
