import { isStorable } from '../../lib/storable-text.ts';
import { isScope, scopes as allScopes, type Scope } from '../scopes.ts';
import type { KeyRefusal } from './key-refusal.ts';

export type KeyInput = {
  clientName: string;
  name: string;
  scopes: readonly string[];
  expiresAt?: Date | null | undefined;
};

/** What a key is to be, within the rules. */
export type KeyRequest = { clientName: string; name: string; scopes: Scope[]; expiresAt: Date | null };

type Refusal = KeyRefusal<keyof KeyInput>;

export const nameLengthMax = 100;

/** A key that is asked for by whoever holds `held`. All that is wrong with it is told at once. */
export function checkKey(
  input: KeyInput,
  { held, now }: { held: ReadonlySet<Scope>; now: Date },
): { request: KeyRequest } | { refusals: Refusal[] } {
  const { clientName, name, expiresAt = null } = input;
  const scopes = allScopes.filter((scope) => input.scopes.includes(scope));
  const refusals = [
    nameRefusal('clientName', clientName),
    nameRefusal('name', name),
    unknownScopes(input.scopes),
    scopesNotHeld(scopes, held),
    expiryRefusal(expiresAt, now),
  ].filter((refusal) => refusal !== null);
  if (refusals.length > 0) return { refusals };
  return { request: { clientName: clientName.trim(), name: name.trim(), scopes, expiresAt } };
}

/** Whoever makes a key must not gain by it: it may do no more than the key that made it. */
export function scopesNotHeld(scopes: readonly string[], held: ReadonlySet<string>): Refusal | null {
  const missing = scopes.filter((scope) => !held.has(scope));
  if (missing.length === 0) return null;
  const message = `Your own key does not have ${missing.join(', ')}: it cannot give what it has not.`;
  return { code: 'SCOPE_NOT_HELD', message, field: 'scopes' };
}

/**
 * A client's payments are for its own keys, and for whoever may see all payments: a key to them in another's name would be
 * a way around that.
 */
export function paymentsOfOthers(
  scopes: readonly string[],
  clientId: string,
  asker: { clientId: string; scopes: ReadonlySet<Scope> },
): Omit<KeyRefusal<never>, 'field'> | null {
  const isAboutPayments = scopes.some((scope) => scope.startsWith('payments:'));
  if (!isAboutPayments || clientId === asker.clientId || asker.scopes.has('payments:manage')) return null;
  const message = 'Only a key with payments:manage can give access to the payments of another client.';
  return { code: 'SCOPE_NOT_HELD', message };
}

/** Names are shown in lists and terminals: what they say must be what is seen. */
function nameRefusal(field: 'clientName' | 'name', text: string): Refusal | null {
  const name = text.trim();
  const isReadable = isStorable(name) && /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(name);
  if (isReadable && name.length <= nameLengthMax) return null;
  const message = `Give a name of 1 to ${String(nameLengthMax)} characters on one line.`;
  return { code: 'INVALID_NAME', message, field };
}

function unknownScopes(given: readonly string[]): Refusal | null {
  if (given.length > 0 && given.every(isScope)) return null;
  return { code: 'INVALID_SCOPES', message: `Give one or more of ${allScopes.join(', ')}.`, field: 'scopes' };
}

function expiryRefusal(expiresAt: Date | null, now: Date): Refusal | null {
  if (expiresAt === null || expiresAt > now) return null;
  return { code: 'INVALID_EXPIRY', message: 'Give a time to come, or none for no end.', field: 'expiresAt' };
}
