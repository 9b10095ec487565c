import type { RefusalKind } from './refusals.ts';

export type DarajaErrorReason =
  /** 400.008.01: consumer key or secret is wrong. */
  | 'wrong-credentials'
  /** HTTP 400 without a body: sandbox credentials sent to production. */
  | 'wrong-environment'
  | 'bad-request'
  | 'busy'
  /** HTML instead of JSON: the firewall in front of Daraja. */
  | 'firewall'
  | 'timed-out'
  | 'no-connection'
  | 'bad-answer'
  /** A second invalid-token answer within 10 s of a refresh: someone else mints on the same app. */
  | 'token-contended'
  /** Another process holds the right to mint, and brought no token in time. */
  | 'token-awaited';

type Class = { outcome: 'refused' | 'unknown'; kind: RefusalKind | null };

const unclear: Class = { outcome: 'unknown', kind: null };

const classes: Record<DarajaErrorReason, Class> = {
  'wrong-credentials': { outcome: 'refused', kind: 'wrong-credentials' },
  'wrong-environment': { outcome: 'refused', kind: 'wrong-credentials' },
  'bad-request': { outcome: 'refused', kind: 'bad-request' },
  busy: { outcome: 'refused', kind: 'busy' },
  firewall: unclear,
  'timed-out': unclear,
  'no-connection': unclear,
  'bad-answer': unclear,
  'token-contended': { outcome: 'refused', kind: 'invalid-token' },
  'token-awaited': unclear,
};

/**
 * There is no access token to be had. `message` says what Safaricom said, what it means and what to do; `advice` is its last
 * part. Whatever the outcome, no payment request has left: it is only thrown before one.
 */
export class DarajaError extends Error {
  override readonly name = 'DarajaError';
  readonly reason: DarajaErrorReason;
  readonly outcome: Class['outcome'];
  readonly kind: RefusalKind | null;
  readonly advice: string;

  constructor(reason: DarajaErrorReason, what: string, advice: string) {
    super(`${what} ${advice}`);
    this.reason = reason;
    this.outcome = classes[reason].outcome;
    this.kind = classes[reason].kind;
    this.advice = advice;
  }
}
