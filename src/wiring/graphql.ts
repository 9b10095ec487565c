import { makeCallbackToken } from '../callbacks/callback-token.ts';
import { deriveKey } from '../config/kept-secret.ts';
import type { Daraja } from '../daraja/daraja.ts';
import { createChangeReader } from '../feed/change-reader.ts';
import { createPatience } from '../feed/patience.ts';
import type { PaymentStreamDeps } from '../feed/payment-stream.ts';
import { createRates, unlimited } from '../graphql/limits/rates.ts';
import { createGraphql, type Graphql } from '../graphql/yoga.ts';
import type { TaskSet } from '../lib/task-set.ts';
import { createClientPages } from '../transactions/client-pages.ts';
import { createPaymentRows } from '../transactions/payment-rows.ts';
import { createPromptGuard, type PromptGuard } from '../transactions/prompt-guard/prompt-guard.ts';
import type { RequestPaymentDeps } from '../transactions/request-payment.ts';
import { createPaymentWrites } from '../transactions/writes/payment-writes.ts';
import type { Foundation } from './foundation.ts';

/** Of the connections to the database, those that watchers may take. */
const watchersShare = 0.4;
/** Before the second, third and fourth attempt at a push that Daraja refused unprocessed. */
const resendPausesMs = [1_000, 2_000, 4_000];

export type GraphqlParts = {
  daraja: Daraja;
  pushes: TaskSet;
  /** Known once the server listens, which is before anything can be pushed. */
  callbackBaseUrl(): string;
};

export function openGraphql(foundation: Foundation, parts: GraphqlParts): Graphql {
  const { config, lifecycle, clock, logger, secrets, database, trace } = foundation;
  const deps = {
    prisma: database.prisma,
    paymentById: createPaymentRows(database.sql),
    clientPages: createClientPages(database.sql),
    clock,
    logger,
    environment: config.environment,
    version: config.version,
    stream: streamDeps(foundation),
    stopping: lifecycle.stopping,
    watchTokenKey: deriveKey(secrets[0], 'watch-token'),
    requestPayment: requestDeps(foundation, parts),
    rates: config.gate.rateLimits ? createRates(clock) : unlimited,
    trace,
    coolDowns: config.coolDowns,
  };
  return createGraphql(deps, config.gate);
}

function streamDeps({
  config,
  database,
  databaseAnswers,
  lifecycle,
  watchers,
}: Foundation): PaymentStreamDeps {
  const { stopping } = lifecycle;
  const connections = config.database.kind === 'embedded' ? 1 : config.database.connectionsMax;
  const watcherReadsMax = Math.max(1, Math.floor(connections * watchersShare));
  return {
    reader: createChangeReader(database.sql, createPatience({ databaseAnswers, stopping }, 1)),
    watchers,
    patiently: createPatience({ databaseAnswers, stopping }, watcherReadsMax),
  };
}

function requestDeps(foundation: Foundation, parts: GraphqlParts): RequestPaymentDeps {
  const { config, overrides, clock, logger, secrets, spool, settling, metrics, trace } = foundation;
  const callbackKey = deriveKey(secrets[0], 'callback-token');
  return {
    ...settling,
    clock,
    logger,
    daraja: parts.daraja,
    pushes: parts.pushes,
    spool: (answer) => spool.append({ kind: 'answer', ...answer }),
    callbackUrl: (transactionId, attempt) =>
      `${parts.callbackBaseUrl()}/cb/${makeCallbackToken(callbackKey, { transactionId, attempt })}`,
    writes: createPaymentWrites({ ...settling, firstCheckMs: config.ladderMs[0] ?? 60_000 }),
    resendPausesMs: overrides.resendPausesMs ?? resendPausesMs,
    merchant: { businessShortCode: config.daraja.businessShortCode, partyB: config.daraja.partyB },
    allowReservedPayers: config.environment === 'SIMULATOR',
    observeRequest: metrics.payments.requested,
    trace,
    promptGuard: promptGuard(foundation),
  };
}

function promptGuard({ config, clock }: Foundation): PromptGuard | null {
  const { promptLimits, coolDowns } = config;
  return promptLimits === null ? null : createPromptGuard({ ...promptLimits, coolDowns }, clock);
}
