import type { Clock } from '../../lib/clock.ts';
import { sleep } from '../../lib/sleep.ts';
import type { AccessToken, TokenStore } from '../access-token.ts';
import { DarajaError } from '../daraja-error.ts';
import type { MintedToken } from './mint-access-token.ts';

/** All in milliseconds. */
export type KeeperTimes = {
  /** How long the right to mint is held: longer than a mint can take, so that two never mint at once. */
  leaseMs: number;
  /** At most one refresh caused by an invalid-token answer in this time, in the whole deployment. */
  refreshPauseMs: number;
  /** How long to wait for a token that another process mints. */
  waitMs: number;
  /** How often the store is read meanwhile. */
  pollMs: number;
};

export type KeeperDeps = {
  store: TokenStore;
  clock: Clock;
  /** Throws DarajaError. */
  mint: (totalMs?: number) => Promise<MintedToken>;
};

/** A token is renewed when a fifth of its life is left, and not used for its last 60 s. */
const marginShare = 0.2;
const lastUseMarginMs = 60_000;

/** An early renewal keeps callers waiting although they have a good token: not for long, and not often. */
const earlyMintMs = 5_000;
const earlyRetryMs = 15_000;

type Kept = { token: AccessToken; renewAt: number; unusableAt: number };

/** Why a token is wanted that the store does not have. Each waits, gives up and counts in its own way. */
type Need = 'none-usable' | 'early-renewal' | 'invalid-token';

/**
 * Keeps one process in step with the deployment's token: a cache, one request at a time, and the lease of the store. A
 * new token may cancel the old one (daraja.md §1), so minting freely would set processes against each other.
 */
export class AccessTokenKeeper {
  readonly #deps: KeeperDeps;
  readonly #times: KeeperTimes;
  #kept: Kept | null = null;
  #discardedVersion = 0;
  #obtaining: Promise<AccessToken> | null = null;
  #earlyAgainAt = 0;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: KeeperDeps, times: KeeperTimes) {
    this.#deps = deps;
    this.#times = times;
  }

  /** The present token. Throws DarajaError, or what the store throws. */
  async current(): Promise<AccessToken> {
    const kept = this.#kept;
    if (kept && this.#isUsable(kept) && !this.#isDue(kept)) return kept.token;
    this.#obtaining ??= this.#obtain()
      .catch((error: unknown) => this.#fallBack(error))
      .finally(() => (this.#obtaining = null));
    const token = await this.#obtaining;
    // Discarded while we waited with others: theirs, not ours.
    return token.version > this.#discardedVersion ? token : this.current();
  }

  /** Only marks: the store may hold a newer one already, made by whoever got the same answer first. */
  discard(version: number): void {
    this.#discardedVersion = Math.max(this.#discardedVersion, version);
  }

  async #obtain(): Promise<AccessToken> {
    const kept = this.#keep(await this.#deps.store.read());
    if (kept && this.#isUsable(kept) && !this.#isDue(kept)) return kept.token;
    const need = this.#need(kept);
    const lease = await this.#lease(kept);
    if (lease) return this.#mint(need, kept, lease.holder);
    return this.#whenLeasedElsewhere[need](kept);
  }

  #need(kept: Kept | null): Need {
    if (!kept) return 'none-usable';
    if (this.#isUsable(kept)) return 'early-renewal';
    const isYoung = this.#nowMs() < kept.unusableAt;
    return isYoung ? 'invalid-token' : 'none-usable';
  }

  readonly #whenLeasedElsewhere: Record<Need, (kept: Kept | null) => Promise<AccessToken>> = {
    'early-renewal': () => Promise.reject(awaitedError()),
    'none-usable': (kept) => this.#awaitOrMint(kept),
    'invalid-token': (kept) => this.#awaitNewer(kept),
  };

  #lease(kept: Kept | null): Promise<{ holder: string } | null> {
    return this.#deps.store.lease(versionOf(kept), this.#times.leaseMs);
  }

  async #mint(need: Need, kept: Kept | null, holder: string): Promise<AccessToken> {
    const { store, mint } = this.#deps;
    try {
      const minted = await mint(need === 'early-renewal' ? earlyMintMs : undefined);
      const stored = this.#keep(await store.store(holder, versionOf(kept), minted));
      if (!stored || stored.token.version <= versionOf(kept)) throw awaitedError();
      if (need === 'invalid-token') await this.#pauseRefreshes(stored.token.version);
      return stored.token;
    } catch (error) {
      // A failed release is no news: the lease runs out by itself.
      await store.release(holder).catch(() => undefined);
      throw error;
    }
  }

  /** A renewal that fails early, be it Safaricom or the store, bothers nobody: the old token is good for some time yet. */
  #fallBack(error: unknown): AccessToken {
    if (!this.#kept || !this.#isUsable(this.#kept)) throw error;
    this.#earlyAgainAt = this.#nowMs() + earlyRetryMs;
    return this.#kept.token;
  }

  /**
   * The pause is the lease for the version after the new one, held and never used: so it binds every process of the
   * deployment, ends by itself, and the store needs no word for it.
   */
  async #pauseRefreshes(version: number): Promise<void> {
    this.#refreshedAt = performance.now();
    await this.#deps.store.lease(version, this.#times.refreshPauseMs);
  }

  /** Someone mints, or died while minting: take what they bring, or the right to mint when they let go of it. */
  async #awaitOrMint(kept: Kept | null): Promise<AccessToken> {
    const endsAt = performance.now() + this.#times.waitMs;
    while (performance.now() < endsAt) {
      await sleep(this.#times.pollMs);
      const newer = await this.#readNewer(kept);
      if (newer) return newer;
      const lease = await this.#lease(kept);
      if (lease) return this.#mint('none-usable', kept, lease.holder);
    }
    throw awaitedError();
  }

  /** Someone mints, or the pause after a refresh holds: wait for a newer version, but do not ask for one. */
  async #awaitNewer(kept: Kept | null): Promise<AccessToken> {
    const endsAt = this.#pauseEndsAt();
    while (performance.now() < endsAt) {
      await sleep(Math.min(this.#times.pollMs, Math.max(endsAt - performance.now(), 1)));
      const newer = await this.#readNewer(kept);
      if (newer) return newer;
    }
    throw contendedError();
  }

  /** The rest of our own pause; a pause of another process began at a time that we do not know. */
  #pauseEndsAt(): number {
    const now = performance.now();
    const ownEndsAt = this.#refreshedAt + this.#times.refreshPauseMs;
    return ownEndsAt > now ? ownEndsAt : now + this.#times.refreshPauseMs;
  }

  async #readNewer(kept: Kept | null): Promise<AccessToken | null> {
    const stored = this.#keep(await this.#deps.store.read());
    const isNewer = stored !== null && stored.token.version > versionOf(kept) && this.#isUsable(stored);
    return isNewer ? stored.token : null;
  }

  /**
   * The store tells when a token ends, not when it began: its life is counted from when this process first saw it. So a
   * token that lives shorter than the margins still gets used, instead of being minted anew for each request.
   */
  #keep(token: AccessToken | null): Kept | null {
    if (!token) return null;
    if (this.#kept?.token.version === token.version) return this.#kept;
    const expiresAt = token.expiresAt.getTime();
    const marginMs = Math.max(expiresAt - this.#nowMs(), 0) * marginShare;
    const unusableAt = expiresAt - Math.min(marginMs, lastUseMarginMs);
    this.#kept = { token, renewAt: expiresAt - marginMs, unusableAt };
    return this.#kept;
  }

  #isUsable({ token, unusableAt }: Kept): boolean {
    return token.version > this.#discardedVersion && this.#nowMs() < unusableAt;
  }

  #isDue({ renewAt }: Kept): boolean {
    return this.#nowMs() >= Math.max(renewAt, this.#earlyAgainAt);
  }

  #nowMs(): number {
    return this.#deps.clock.now().getTime();
  }
}

function versionOf(kept: Kept | null): number {
  return kept?.token.version ?? 0;
}

function contendedError(): DarajaError {
  return new DarajaError(
    'token-contended',
    'Safaricom called the access token invalid again, within seconds of a new one. A new token cancels the one before it:' +
      ' another system seems to mint with the same consumer key.',
    'Give each system an app of its own on the Daraja portal, then try again.',
  );
}

function awaitedError(): DarajaError {
  return new DarajaError(
    'token-awaited',
    'Another process of this deployment is fetching the access token, and did not bring it in time.',
    'Try again in a few seconds.',
  );
}
