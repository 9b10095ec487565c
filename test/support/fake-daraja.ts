import type { Daraja } from '../../src/daraja/daraja.ts';
import type { StkPushAnswer, StkPushRequest } from '../../src/daraja/stk-push.ts';
import type { StkQueryAnswer } from '../../src/daraja/stk-query.ts';
import { Masked } from '../../src/lib/masked.ts';
import { CheckoutRequestId } from '../../src/daraja/checkout-request-id.ts';

export type PushScript = (
  request: StkPushRequest,
  tokenVersion: number,
) => StkPushAnswer | Promise<StkPushAnswer>;

export type FakeDaraja = Daraja & {
  pushes: StkPushRequest[];
  queries: string[];
  /** Versions of access tokens that were given back. */
  discarded: number[];
};

/** Says what the test tells it to say; for how Safaricom really sounds there is test/daraja. */
export function createFakeDaraja(
  script: {
    push?: PushScript;
    query?: (checkoutRequestId: string) => StkQueryAnswer | Promise<StkQueryAnswer>;
    accessToken?: () => Promise<void>;
  } = {},
): FakeDaraja {
  const pushes: StkPushRequest[] = [];
  const queries: string[] = [];
  const discarded: number[] = [];
  const token = () => ({
    version: discarded.length + 1,
    value: new Masked(`token-${String(discarded.length + 1)}`),
    expiresAt: new Date('2030-01-01T00:00:00Z'),
  });
  return {
    pushes,
    queries,
    discarded,
    async accessToken() {
      await script.accessToken?.();
      return token();
    },
    async discardAccessToken(version) {
      discarded.push(version);
    },
    async stkPush({ version }, request) {
      pushes.push(request);
      return (script.push ?? acceptance)(request, version);
    },
    async stkQuery(_token, checkoutRequestId) {
      queries.push(checkoutRequestId.reveal());
      return (
        script.query?.(checkoutRequestId.reveal()) ?? {
          outcome: 'pending',
          message: 'The transaction is being processed',
        }
      );
    },
    close: () => Promise.resolve(),
  };
}

let accepted = 0;

/** An acceptance with an id that no other has. */
export function acceptance(): StkPushAnswer {
  accepted += 1;
  const checkoutRequestId = new CheckoutRequestId(`ws_CO_${String(process.pid)}_${String(accepted)}`);
  return {
    outcome: 'accepted',
    merchantRequestId: `merchant-${String(accepted)}`,
    checkoutRequestId,
    customerMessage: null,
  };
}

export function refusal(
  kind: Extract<StkPushAnswer, { outcome: 'refused' }>['kind'],
  errorCode = '500.003.02',
): StkPushAnswer {
  return { outcome: 'refused', kind, errorCode, message: `Refused: ${kind}.`, advice: '' };
}
