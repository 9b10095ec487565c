import type { Clock } from '../../lib/clock.ts';
import { Masked } from '../../lib/masked.ts';
import { DarajaError, type DarajaErrorReason } from '../daraja-error.ts';
import { findRefusal } from '../refusals.ts';
import { type AnswerBody, describeAnswer, readAnswerBody, textField } from '../wire/answer-body.ts';
import type { Exchange, HttpClient } from '../wire/http-client.ts';

export type MintedToken = { value: Masked; expiresAt: Date };

export type MintDeps = { http: HttpClient; clock: Clock; consumerKey: string; consumerSecret: Masked };

const path = '/oauth/v1/generate?grant_type=client_credentials';

/** What Safaricom documents, for an answer that does not say. */
const defaultLifeSeconds = 3_599;

/** Far above anything documented: keeps an absurd number from becoming an invalid date. */
const maxLifeSeconds = 24 * 60 * 60;

/**
 * Asks Safaricom for a new access token, which may cancel the one before it: call it only with the right to mint. Throws
 * DarajaError.
 *
 * @param totalMs the time allowed; the client's own when absent
 */
export async function mintAccessToken(deps: MintDeps, totalMs?: number): Promise<MintedToken> {
  // From before the request: a token must never seem to live longer than Safaricom thinks.
  const askedAt = deps.clock.now();
  const exchange = await deps.http.send({
    method: 'GET',
    path,
    headers: { authorization: basicAuthorization(deps) },
    ...(totalMs === undefined ? {} : { totalMs }),
  });
  if (exchange.outcome !== 'answered') throw connectionError(exchange);
  return readToken(exchange.status, readAnswerBody(exchange.body), askedAt);
}

function basicAuthorization({ consumerKey, consumerSecret }: MintDeps): string {
  return `Basic ${Buffer.from(`${consumerKey}:${consumerSecret.reveal()}`).toString('base64')}`;
}

function readToken(status: number, body: AnswerBody, askedAt: Date): MintedToken {
  const token = textField(body.fields, 'access_token');
  // It becomes part of a header: nothing but visible ASCII may be in it.
  if (status !== 200 || body.error || token === null || !/^[\x21-\x7e]+$/.test(token)) {
    throw answerError(status, body);
  }
  const lifeMs = lifeSeconds(body.fields?.['expires_in']) * 1000;
  return {
    value: new Masked(token, '[access token]'),
    expiresAt: new Date(askedAt.getTime() + lifeMs),
  };
}

/** A number in the documentation, a string from live servers (daraja.md §1). */
function lifeSeconds(expiresIn: unknown): number {
  const isText = typeof expiresIn === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(expiresIn);
  const seconds = isText || typeof expiresIn === 'number' ? Number(expiresIn) : Number.NaN;
  return seconds > 0 ? Math.min(seconds, maxLifeSeconds) : defaultLifeSeconds;
}

type Reading = { means: string; advice: string };

const readings: Record<Exclude<DarajaErrorReason, 'token-contended' | 'token-awaited'>, Reading> = {
  'wrong-credentials': {
    means: 'The consumer key or the consumer secret is wrong.',
    advice: "Copy both again from the app's page on the Daraja portal, without spaces, for this environment.",
  },
  'wrong-environment': {
    means: 'Production answers so to the credentials of a sandbox app.',
    advice: 'Use the consumer key and secret of an app that has gone live, or the sandbox base URL.',
  },
  'bad-request': {
    means: 'The request did not arrive as it was sent, or not at Daraja.',
    advice: 'Check the base URL and any proxy between here and Safaricom.',
  },
  busy: { means: 'Too many requests were made.', advice: 'Try again in a few minutes.' },
  firewall: {
    means:
      "A web page instead of JSON comes from the firewall in front of Daraja: it distrusts this server's address.",
    advice: 'Send fewer requests, try again later, and ask Safaricom to unblock the address if it lasts.',
  },
  'timed-out': {
    means: 'Safaricom did not answer in time.',
    advice: 'Try again later; if it lasts, check the network and any firewall on the way.',
  },
  'no-connection': {
    means: 'Safaricom could not be reached.',
    advice: 'Check the network, the name server and the base URL.',
  },
  'bad-answer': {
    means: 'That is not an access token, nor a refusal that is known.',
    advice: 'Try again later; if it lasts, check the base URL and ask Safaricom.',
  },
};

function connectionError(exchange: Exclude<Exchange, { outcome: 'answered' }>): DarajaError {
  const reason = exchange.timedOut ? 'timed-out' : 'no-connection';
  return oauthError(reason, exchange.cause);
}

function answerError(status: number, body: AnswerBody): DarajaError {
  const fitting = answers.find((row) => row.applies(status, body));
  return oauthError(fitting?.reason ?? 'bad-answer', describeAnswer(status, body));
}

function oauthError(reason: keyof typeof readings, said: string): DarajaError {
  const { means, advice } = readings[reason];
  return new DarajaError(reason, `Safaricom gave no access token: ${said}. ${means}`, advice);
}

/** daraja.md §1, "Errors". The first that applies counts. */
const answers: readonly {
  reason: keyof typeof readings;
  applies(status: number, body: AnswerBody): boolean;
}[] = [
  { reason: 'wrong-credentials', applies: (_status, { error }) => error?.code === '400.008.01' },
  { reason: 'bad-request', applies: (_status, { error }) => error?.code === '400.008.02' },
  { reason: 'wrong-environment', applies: (status, { shape }) => status === 400 && shape === 'empty' },
  { reason: 'busy', applies: (status, { error }) => findRefusal(status, error)?.kind === 'busy' },
  {
    reason: 'bad-request',
    applies: (status, { error }) => findRefusal(status, error)?.kind === 'bad-request',
  },
  { reason: 'firewall', applies: (_status, { shape }) => shape === 'html' },
  { reason: 'wrong-credentials', applies: (status) => status === 401 },
];
