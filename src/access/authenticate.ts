import { createHash } from 'node:crypto';
import type { PrismaClient } from '../database/database.ts';
import type { Clock } from '../lib/clock.ts';
import { isScope, scopes, type Scope } from './scopes.ts';
import type { Viewer } from './viewer.ts';
import { readWatchToken } from './watch-token.ts';

/** A key that the configuration gives, with every scope. */
export type ConfiguredKey = { key: string; clientId: string };

export type AuthenticateDeps = {
  prisma: PrismaClient;
  clock: Clock;
  configuredKeys: readonly ConfiguredKey[];
  /** Newest first. */
  watchTokenKeys: readonly Uint8Array[];
};

/** Null for a credential that opens nothing: unknown, expired, revoked or forged, all alike. */
export type Authenticate = (credential: string) => Promise<Viewer | null>;

export function createAuthenticate({
  prisma,
  clock,
  configuredKeys,
  watchTokenKeys,
}: AuthenticateDeps): Authenticate {
  // By hash: the time that a look-up takes tells nothing about the key.
  const configured = new Map(configuredKeys.map(({ key, clientId }) => [hashOfKey(key), clientId]));
  return async (credential) => {
    const keyHash = hashOfKey(credential);
    const clientId = configured.get(keyHash);
    if (clientId !== undefined) return { kind: 'client', clientId, scopes: new Set(scopes) };
    if (isJwt(credential)) return watcher(await readWatchToken(watchTokenKeys, credential, clock.now()));
    return findKey(prisma, keyHash, clock.now());
  };
}

/** What is stored of a key, and all that is needed to know it again. */
export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function isJwt(credential: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(credential);
}

function watcher(transactionId: string | null): Viewer | null {
  return transactionId === null ? null : { kind: 'watcher', transactionId };
}

async function findKey(prisma: PrismaClient, keyHash: string, now: Date): Promise<Viewer | null> {
  const key = await prisma.apiKey.findUnique({ where: { keyHash } });
  if (key === null || key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= now)) return null;
  return {
    kind: 'client',
    clientId: key.clientId,
    scopes: new Set(key.scopes.filter((text): text is Scope => isScope(text))),
  };
}
