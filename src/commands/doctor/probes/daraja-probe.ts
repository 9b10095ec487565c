import { CheckoutRequestId } from '../../../daraja/checkout-request-id.ts';
import type { AccessToken } from '../../../daraja/access-token.ts';
import type { DarajaSettings } from '../../../daraja/daraja.ts';
import { mintAccessToken } from '../../../daraja/oauth/mint-access-token.ts';
import { stkQuery, type StkQueryAnswer } from '../../../daraja/stk-query.ts';
import { createHttpClient, type HttpClient } from '../../../daraja/wire/http-client.ts';
import { signStkRequest } from '../../../daraja/wire/stk-signature.ts';
import type { Clock } from '../../../lib/clock.ts';
import { skewBetween, type Skew } from './skew.ts';

export type DarajaProbeSettings = Pick<
  DarajaSettings,
  'consumerKey' | 'consumerSecret' | 'passkey' | 'businessShortCode'
> & { baseUrl: string | null; clock: Clock; patienceMs: number };

/**
 * A CheckoutRequestID as Daraja makes them since 2022, of a day on which it made none: well-formed, so that nothing
 * refuses it for its form before passkey and short code are looked at. It ends in a number that nobody has.
 */
const impossibleId = 'ws_CO_01012015000000000700000000';

/** Asks Daraja what can be asked without a prompt on anybody's phone: one token, and one query about no payment. */
export class DarajaProbe {
  readonly #settings: DarajaProbeSettings;
  #http: HttpClient | null = null;
  #token: Promise<AccessToken> | null = null;
  #answer: Promise<StkQueryAnswer> | null = null;
  /** How far Daraja's clock is before ours, by its last answer; null before there is one. */
  skew: Skew | null = null;

  constructor(settings: DarajaProbeSettings) {
    this.#settings = settings;
  }

  /**
   * A token that nobody else uses. Should it cancel the one that a running server uses, that server is told so with its
   * next request and fetches another. Throws DarajaError.
   */
  token(): Promise<AccessToken> {
    this.#token ??= mintAccessToken({ ...this.#settings, http: this.#observed() }).then((minted) => ({
      ...minted,
      version: 1,
    }));
    return this.#token;
  }

  /** What Daraja says of a payment that cannot exist. Throws DarajaError when there is no token. */
  askOfNothing(): Promise<StkQueryAnswer> {
    this.#answer ??= this.#query();
    return this.#answer;
  }

  async close(): Promise<void> {
    await this.#http?.close();
  }

  async #query(): Promise<StkQueryAnswer> {
    const { businessShortCode, passkey, clock } = this.#settings;
    const sign = () => signStkRequest(businessShortCode, passkey, clock.now());
    const token = await this.token();
    return stkQuery({ http: this.#observed(), sign }, token, new CheckoutRequestId(impossibleId));
  }

  #observed(): HttpClient {
    const { baseUrl, patienceMs, clock } = this.#settings;
    const http = (this.#http ??= createHttpClient(baseUrl ?? '', {
      connectMs: patienceMs,
      totalMs: patienceMs,
    }));
    return {
      close: () => http.close(),
      send: async (request) => {
        const askedAt = clock.now();
        const exchange = await http.send(request);
        const date = exchange.outcome === 'answered' ? Date.parse(exchange.headers.date ?? '') : Number.NaN;
        // The header has whole seconds: half of one is what it is off on average, and at most.
        if (!Number.isNaN(date)) {
          this.skew = skewBetween({ askedAt, answeredAt: clock.now() }, new Date(date + 500), 500);
        }
        return exchange;
      },
    };
  }
}
