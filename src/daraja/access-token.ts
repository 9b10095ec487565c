import type { Masked } from '../lib/masked.ts';

/** `version` counts up by one with each token of a consumer key: it names the token without showing it. */
export type AccessToken = { version: number; value: Masked; expiresAt: Date };

/** Kept for the whole deployment, one value per consumer key. The app fills it with a database table. */
export type TokenStore = {
  read(): Promise<AccessToken | null>;
  /**
   * Takes the right to mint the version after `afterVersion` (0 = none yet) for `leaseMs`; null when another holds it or a
   * newer version is stored.
   */
  lease(afterVersion: number, leaseMs: number): Promise<{ holder: string } | null>;
  /** Stores version afterVersion+1 if the lease is still held; returns what is now stored. Ends the lease. */
  store(
    holder: string,
    afterVersion: number,
    token: { value: Masked; expiresAt: Date },
  ): Promise<AccessToken | null>;
  /** Ends the lease if `holder` still holds it; otherwise does nothing. */
  release(holder: string): Promise<void>;
};
