import type { KeyObject } from 'node:crypto';
import type { Environment } from '../config/environment.ts';
import type { RowLookup } from '../database/lookup.ts';
import type { Clock } from '../lib/clock.ts';
import { hashOfKey } from './keys/hash-of-key.ts';
import type { KeyRow } from './keys/key-rows.ts';
import type { UsedKey } from './keys/key-use.ts';
import { keyPrefix } from './keys/new-key.ts';
import { isActive } from './keys/stored-key.ts';
import { isScope, scopes, type Scope } from './scopes.ts';
import type { Viewer } from './viewer.ts';
import { readWatchToken } from './watch-token.ts';

/** A key that the configuration gives, with every scope. */
export type ConfiguredKey = { key: string; clientId: string };

export type AuthenticateDeps = {
  keyByHash: RowLookup<KeyRow>;
  clock: Clock;
  environment: Environment;
  configuredKeys: readonly ConfiguredKey[];
  /** Newest first. */
  watchTokenKeys: readonly KeyObject[];
  /** Told of each key that was taken. */
  used: (key: UsedKey) => void;
};

/** Null for a credential that opens nothing: unknown, expired, revoked or forged, all alike. */
export type Authenticate = (credential: string) => Promise<Viewer | null>;

export function createAuthenticate(deps: AuthenticateDeps): Authenticate {
  const { clock, watchTokenKeys } = deps;
  const prefix = keyPrefix(deps.environment);
  // By hash: the time that a look-up takes tells nothing about the key.
  const configured = new Map(deps.configuredKeys.map(({ key, clientId }) => [hashOfKey(key), clientId]));
  return async (credential) => {
    const keyHash = hashOfKey(credential);
    const clientId = configured.get(keyHash);
    if (clientId !== undefined) return { kind: 'client', clientId, keyId: null, scopes: new Set(scopes) };
    if (isJwt(credential)) return watcher(await readWatchToken(watchTokenKeys, credential, clock.now()));
    // A key of another kind opens nothing here even if its row was copied, and what is no key costs no look-up.
    return credential.startsWith(prefix) ? findKey(deps, keyHash) : null;
  };
}

/** Such as watch tokens are: whether it is good can be told without a look-up. */
export function isJwt(credential: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(credential);
}

function watcher(opened: { transactionId: string; expiresAt: Date } | null): Viewer | null {
  return opened && { kind: 'watcher', ...opened };
}

async function findKey(
  { keyByHash, clock, used }: AuthenticateDeps,
  keyHash: string,
): Promise<Viewer | null> {
  const key = await keyByHash(keyHash);
  if (key === null || !isActive(key, clock.now())) return null;
  used(key);
  return {
    kind: 'client',
    clientId: key.clientId,
    keyId: key.id,
    scopes: new Set(key.scopes.filter((text): text is Scope => isScope(text))),
  };
}
