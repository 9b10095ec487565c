import { createInbox, type Inbox } from '../callbacks/inbox.ts';
import type { CallbackRouteDeps } from '../callbacks/routes.ts';
import { createSenderCheck } from '../callbacks/sender-check.ts';
import { startReplay } from '../callbacks/spool/replay.ts';
import { deriveKey } from '../config/kept-secret.ts';
import { createUnlessBusy } from '../lib/unless-busy.ts';
import { hasten } from '../transactions/hasten.ts';
import type { Judgement } from '../transactions/decide/evidence.ts';
import { matchUnmatched } from '../transactions/settle/match-unmatched.ts';
import { settle } from '../transactions/settle/settle.ts';
import type { Submission } from '../transactions/settle/submission.ts';
import type { Foundation } from './foundation.ts';

/** Where callbacks go: into the database, or on to the disk while it is away. */
export type Arrivals = {
  store(submissions: readonly Submission[]): Promise<readonly Judgement[]>;
  inbox: Inbox;
};

export function receiveArrivals(foundation: Foundation): Arrivals {
  const { lifecycle, settling, spool, databaseAnswers, metrics, trace } = foundation;
  const store = async (submissions: readonly Submission[]) => {
    if (lifecycle.phase === 'starting') throw new Error('The database was not reached yet');
    return trace('settle callbacks', spanOf(submissions), () => settle(settling, submissions));
  };
  const inbox = createInbox({
    store: (submissions) => metrics.callbacks.batch(submissions.length, () => store(submissions)),
    databaseAnswers,
    spool: (arrival, reason) => spool.append({ kind: 'callback', ...arrival }, reason),
  });
  return { store, inbox };
}

function spanOf(submissions: readonly Submission[]) {
  const ids = submissions.flatMap((item) => ('transactionId' in item ? [item.transactionId] : []));
  return { 'malipo.batch.size': submissions.length, 'malipo.transaction.ids': ids };
}

/** Settles what waits on the disk. */
export function startReplaying(
  { settling, spool, databaseAnswers, logger }: Foundation,
  arrivals: Arrivals,
): AsyncDisposable {
  return startReplay({
    ...arrivals,
    databaseAnswers,
    matchUnmatched: (checkoutRequestId) => matchUnmatched(settling, checkoutRequestId),
    spool,
    logger,
  });
}

/** A stranger may post as much as he likes: of the database's connections this is all he gets. */
const hastenAtOnceMax = 2;

export function callbackRoutes(
  { config, clock, logger, secrets, settling, metrics }: Foundation,
  { inbox }: Arrivals,
): CallbackRouteDeps {
  const unlessBusy = createUnlessBusy(hastenAtOnceMax);
  return {
    clock,
    logger,
    tokenKeys: secrets.map((secret) => deriveKey(secret, 'callback-token')),
    senders: createSenderCheck(config.senders),
    inbox,
    observe: metrics.callbacks,
    hasten: (checkoutRequestId) => unlessBusy(() => hasten(settling, checkoutRequestId)),
  };
}
