import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { AccessToken, TokenStore } from './access-token.ts';

/** A token store for one process: enough for a single server and for tests; several processes would mint past each other. */
export function createMemoryTokenStore(clock: Clock): TokenStore {
  let stored: AccessToken | null = null;
  let lease: { holder: string; endsAt: number } | null = null;
  const version = (): number => stored?.version ?? 0;
  const isHeld = (): boolean => lease !== null && lease.endsAt > clock.now().getTime();
  const mayStore = (holder: string, afterVersion: number): boolean =>
    lease?.holder === holder && isHeld() && version() === afterVersion;

  return {
    read: () => Promise.resolve(stored),
    lease: (afterVersion, leaseMs) => {
      if (version() !== afterVersion || isHeld()) return Promise.resolve(null);
      const holder = randomUUID();
      lease = { holder, endsAt: clock.now().getTime() + leaseMs };
      return Promise.resolve({ holder });
    },
    store: (holder, afterVersion, token) => {
      if (mayStore(holder, afterVersion)) {
        stored = { ...token, version: afterVersion + 1 };
        lease = null;
      }
      return Promise.resolve(stored);
    },
    release: (holder) => {
      if (lease?.holder === holder) lease = null;
      return Promise.resolve();
    },
  };
}
