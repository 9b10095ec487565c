import { createHash } from 'node:crypto';
import type { TokenStore } from '../daraja/access-token.ts';
import { createDaraja, type Daraja } from '../daraja/daraja.ts';
import { createLeasedValues, type LeasedValue } from '../database/leased-values.ts';
import { Masked } from '../lib/masked.ts';
import type { Foundation } from './foundation.ts';

/** Safaricom, or what stands in for it, with one access token for the whole deployment. */
export function openDaraja(
  { config, overrides, clock, database, metrics }: Foundation,
  simulatorUrl: string | null,
): Daraja {
  const { baseUrl, consumerKey } = config.daraja;
  // A simulator forgets its tokens when it stops: each has its own.
  const name = `daraja-token ${hash(`${consumerKey} ${baseUrl ?? simulatorUrl ?? ''}`)}`;
  const daraja = createDaraja(
    {
      ...config.daraja,
      baseUrl: baseUrl ?? simulatorUrl ?? '',
      ...(overrides.darajaTimeouts ? { timeouts: overrides.darajaTimeouts } : {}),
    },
    {
      clock,
      tokenStore: tokenStoreOn(createLeasedValues(database.prisma, name)),
      observeMint: metrics.daraja.minted,
    },
  );
  return metrics.daraja.observe(daraja);
}

function tokenStoreOn(values: ReturnType<typeof createLeasedValues>): TokenStore {
  const token = (kept: LeasedValue | null) =>
    kept && {
      version: kept.version,
      value: new Masked(kept.value, '[access token]'),
      expiresAt: kept.expiresAt,
    };
  return {
    ...values,
    read: async () => token(await values.read()),
    store: async (holder, afterVersion, { value, expiresAt }) =>
      token(await values.store(holder, afterVersion, { value: value.reveal(), expiresAt })),
  };
}

/** What the deployment's budget of queries is called: it is Safaricom's for one consumer key and short code. */
export function budgetName({ config }: Foundation): string {
  const { consumerKey, businessShortCode } = config.daraja;
  return hash(`${consumerKey} ${businessShortCode}`);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
