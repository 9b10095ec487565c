import type { Clock } from '../lib/clock.ts';
import type { Masked } from '../lib/masked.ts';
import type { AccessToken, TokenStore } from './access-token.ts';
import { DarajaError, type DarajaErrorReason } from './daraja-error.ts';
import type { CheckoutRequestId } from './checkout-request-id.ts';
import { darajaSettingsProblems } from './field-rules.ts';
import { AccessTokenKeeper } from './oauth/access-token-keeper.ts';
import { mintAccessToken } from './oauth/mint-access-token.ts';
import { stkPush, type StkPushAnswer, type StkPushRequest } from './stk-push.ts';
import { stkQuery, type StkQueryAnswer } from './stk-query.ts';
import { createHttpClient } from './wire/http-client.ts';
import { signStkRequest } from './wire/stk-signature.ts';

export type DarajaSettings = {
  /** `https://sandbox.safaricom.co.ke`, `https://api.safaricom.co.ke`, or a simulator's. */
  baseUrl: string;
  consumerKey: string;
  consumerSecret: Masked;
  passkey: Masked;
  /** The paybill; for a till, the store (head office) number used at go-live. */
  businessShortCode: string;
  transactionType: 'CustomerPayBillOnline' | 'CustomerBuyGoodsOnline';
  /** Who is paid: the paybill again, or the till number. */
  partyB: string;
  /** Milliseconds. `totalMs` runs from the call to the last byte of the answer. */
  timeouts?: { connectMs?: number; totalMs?: number };
};

export type Daraja = {
  /** The present access token, minted when there is none. Throws DarajaError. */
  accessToken(): Promise<AccessToken>;
  /** An invalid-token answer was given to this version: the next accessToken() returns a newer one. */
  discardAccessToken(version: number): Promise<void>;
  /** Never throws for what Daraja or the network did. */
  stkPush(token: AccessToken, request: StkPushRequest): Promise<StkPushAnswer>;
  /** Never throws for what Daraja or the network did. */
  stkQuery(token: AccessToken, checkoutRequestId: CheckoutRequestId): Promise<StkQueryAnswer>;
  /** Waits for the requests under way; later ones are not sent. */
  close(): Promise<void>;
};

const defaultTimeouts = { connectMs: 3_000, totalMs: 20_000 };

export type DarajaDeps = {
  tokenStore: TokenStore;
  clock: Clock;
  /** Counts requests for an access token, by how they ended. Must not throw. */
  observeMint?: (outcome: MintOutcome, ms: number) => void;
};

export type MintOutcome = 'minted' | DarajaErrorReason;

/** Daraja for one app and one short code. Throws a TypeError that names every setting that cannot work. */
export function createDaraja(
  settings: DarajaSettings,
  { tokenStore, clock, observeMint }: DarajaDeps,
): Daraja {
  assertSettings(settings);
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const http = createHttpClient(settings.baseUrl, timeouts);
  const mint = (totalMs?: number) =>
    observed(mintAccessToken({ http, clock, ...settings }, totalMs), observeMint);
  const keeper = new AccessTokenKeeper({ store: tokenStore, clock, mint }, keeperTimes(timeouts.totalMs));
  const sign = () => signStkRequest(settings.businessShortCode, settings.passkey, clock.now());

  return {
    accessToken: () => keeper.current(),
    discardAccessToken: (version) => {
      keeper.discard(version);
      return Promise.resolve();
    },
    stkPush: (token, request) => stkPush({ http, sign, merchant: settings }, token, request),
    stkQuery: (token, checkoutRequestId) => stkQuery({ http, sign }, token, checkoutRequestId),
    close: () => http.close(),
  };
}

async function observed<T>(minting: Promise<T>, observe: DarajaDeps['observeMint']): Promise<T> {
  const startedAt = performance.now();
  try {
    const minted = await minting;
    observe?.('minted', performance.now() - startedAt);
    return minted;
  } catch (error) {
    const reason = error instanceof DarajaError ? error.reason : 'bad-answer';
    observe?.(reason, performance.now() - startedAt);
    throw error;
  }
}

function assertSettings(settings: DarajaSettings): void {
  const problems = darajaSettingsProblems(settings);
  if (problems.length > 0)
    throw new TypeError(`Daraja cannot be used with these settings: ${problems.join('; ')}.`);
}

/** A lease outlives the slowest mint by as much as it may take to store the token. */
function keeperTimes(totalMs: number) {
  return { leaseMs: totalMs + 5_000, refreshPauseMs: 10_000, waitMs: 10_000, pollMs: 200 };
}
