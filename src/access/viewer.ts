import type { Scope } from './scopes.ts';

/** Who asks: a client's key, or whoever holds the watch token of one payment. */
export type Viewer =
  | {
      kind: 'client';
      clientId: string;
      /** Null for a key that the configuration gives. */
      keyId: string | null;
      scopes: ReadonlySet<Scope>;
    }
  | { kind: 'watcher'; transactionId: string; expiresAt: Date };

/** Which payments a viewer may see at all; null: none. */
export function sightOf(viewer: Viewer) {
  if (viewer.kind === 'watcher') return { transactionId: viewer.transactionId };
  if (viewer.scopes.has('payments:manage')) return { everyClient: true as const };
  return viewer.scopes.has('payments:read') ? { clientId: viewer.clientId } : null;
}

/** Whole phone numbers are for `payments:manage` and for the client that made the payment. */
export function maySeePhoneNumber(viewer: Viewer, payment: { clientId: string }): boolean {
  return (
    viewer.kind === 'client' && (viewer.scopes.has('payments:manage') || viewer.clientId === payment.clientId)
  );
}
