import { createHash } from 'node:crypto';
import { createAuthenticate } from './access/authenticate.ts';
import { bootstrapClient, developmentClient, ensureFixedClients } from './access/fixed-clients.ts';
import { newTestKey } from './access/new-test-key.ts';
import { makeCallbackToken } from './callbacks/callback-token.ts';
import type { CallbackRouteDeps } from './callbacks/routes.ts';
import { createSenderCheck } from './callbacks/sender-check.ts';
import { isLoopback, type Config } from './config/config.ts';
import { ConfigError } from './config/env.ts';
import { deriveKey, fingerprintOfSecret, keptSecret, newSecret } from './config/kept-secret.ts';
import type { TokenStore } from './daraja/access-token.ts';
import { createDaraja, type Daraja } from './daraja/daraja.ts';
import { openDatabase, type Database } from './database/database.ts';
import { bindDeployment } from './database/deployment.ts';
import { createLeasedValues, type LeasedValue } from './database/leased-values.ts';
import { startCatchUp } from './feed/catch-up.ts';
import { createWatchers } from './feed/watchers.ts';
import { createGraphql } from './graphql/yoga.ts';
import { startHttp } from './http/start-http.ts';
import { createBatcher } from './lib/batcher.ts';
import { systemClock, type Clock } from './lib/clock.ts';
import { createLogger, type Logger } from './lib/logger.ts';
import { Masked } from './lib/masked.ts';
import { createTaskSet } from './lib/task-set.ts';
import { createQueryBudget } from './reconciliation/query-budget.ts';
import { startReconciler } from './reconciliation/reconciler.ts';
import { readSimulatorSettings, type SimulatorSettings } from './simulator/settings.ts';
import { createSimulator } from './simulator/simulator.ts';
import type { Judgement } from './transactions/evidence.ts';
import { abandonLeases } from './transactions/expire-leases.ts';
import { hasten } from './transactions/hasten.ts';
import { settle, type SettleDeps } from './transactions/settle.ts';
import type { Submission } from './transactions/submission.ts';

/** What a test may replace. Times are in milliseconds. */
export type Overrides = {
  clock?: Clock;
  logger?: Logger;
  openDatabase?: () => Promise<Database>;
  simulator?: SimulatorSettings;
  reconcilerIdleMs?: number;
  resendPausesMs?: readonly number[];
  darajaTimeouts?: { connectMs?: number; totalMs?: number };
};

export type App = AsyncDisposable & {
  /** Without trailing slashes. */
  url: string;
  callbackBaseUrl: string;
  simulatorUrl: string | null;
  databaseKind: Database['kind'];
  /** Made at the first start with the simulator; null where keys come from elsewhere. */
  developmentKey: Masked | null;
};

/** Callbacks that share a commit: many enough to share its cost, few enough to be answered soon. */
const callbackBatchMax = 200;
/** Before the second, third and fourth attempt at a push that Daraja refused unprocessed. */
const defaultResendPausesMs = [1_000, 2_000, 4_000];

type Foundation = {
  config: Config;
  overrides: Overrides;
  clock: Clock;
  logger: Logger;
  database: Database;
  secrets: Secrets;
};
type Secrets = readonly [Masked, ...Masked[]];

/** Wires the parts together and starts them. If one cannot start, those that have are stopped again. */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  await using parts = new AsyncDisposableStack();
  const { clock = systemClock, logger = createLogger(config.logLevel) } = overrides;
  const database = parts.use(await (overrides.openDatabase?.() ?? openDatabase(config.database)));
  const secrets = malipoSecrets(config);
  const foundation: Foundation = { config, overrides, clock, logger, database, secrets };
  await prepareDatabase(foundation);

  const simulator =
    config.simulator === null ? null : parts.use(await createSimulator(simulatorSettings(overrides)));
  const daraja = openDaraja(foundation, simulator?.url ?? null);
  parts.defer(() => daraja.close());

  const watchers = createWatchers();
  const settleDeps: SettleDeps = { prisma: database.prisma, announce: (ids) => watchers.wake(ids) };
  parts.use(startReconciling(foundation, settleDeps, daraja));
  parts.use(startCatchUp({ prisma: database.prisma, watchers, logger }));

  const pushes = createTaskSet((error) =>
    logger.error({ err: error }, 'a push ended without a stored answer'),
  );
  parts.defer(() => pushes.drain());

  const developmentKey = makeDevelopmentKey(config);
  const authenticate = createAuthenticate({
    prisma: database.prisma,
    clock,
    configuredKeys: configuredKeys(config, developmentKey),
    watchTokenKeys: secrets.map((secret) => deriveKey(secret, 'watch-token')),
  });
  // Known once the server listens, which is before anything can be pushed.
  let callbackBaseUrl = config.callbackBaseUrl ?? '';
  const callbackKey = deriveKey(secrets[0], 'callback-token');
  const graphql = createGraphql({
    prisma: database.prisma,
    clock,
    logger,
    environment: config.environment,
    version: config.version,
    stream: { prisma: database.prisma, watchers },
    watchTokenKey: deriveKey(secrets[0], 'watch-token'),
    requestPayment: {
      ...settleDeps,
      clock,
      logger,
      daraja,
      pushes,
      callbackUrl: (transactionId, attempt) =>
        `${callbackBaseUrl}/cb/${makeCallbackToken(callbackKey, { transactionId, attempt })}`,
      firstCheckMs: config.ladderMs[0] ?? 60_000,
      resendPausesMs: overrides.resendPausesMs ?? defaultResendPausesMs,
      merchant: { businessShortCode: config.daraja.businessShortCode, partyB: config.daraja.partyB },
      allowReservedPayers: config.environment === 'SIMULATOR',
    },
  });
  const http = parts.use(
    await startHttp(config, {
      clock,
      logger,
      prisma: database.prisma,
      callbacks: callbackDeps(foundation, settleDeps),
      graphql,
      authenticate,
      developmentKey,
    }),
  );
  callbackBaseUrl ||= http.callbackUrl;

  const running = parts.move();
  return {
    url: http.url,
    callbackBaseUrl,
    simulatorUrl: simulator?.url ?? null,
    databaseKind: database.kind,
    developmentKey,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function malipoSecrets({ secrets, dataDir }: Config): Secrets {
  const [newest = keptSecret(dataDir, 'secret', newSecret), ...older] = secrets.malipoSecrets;
  return [newest, ...older];
}

async function prepareDatabase({ config, database, secrets }: Foundation): Promise<void> {
  const [newest, ...older] = secrets;
  await bindDeployment(database.prisma, {
    environment: config.environment,
    secretFingerprints: [fingerprintOfSecret(newest), ...older.map(fingerprintOfSecret)],
  });
  await ensureFixedClients(database.prisma);
  // The embedded database has one owner: whoever held these is gone.
  if (database.kind === 'embedded') await abandonLeases(database.prisma);
}

function simulatorSettings({ simulator }: Overrides): SimulatorSettings {
  if (simulator) return simulator;
  try {
    return readSimulatorSettings(process.env);
  } catch (error) {
    throw error instanceof Error ? new ConfigError([error.message]) : error;
  }
}

function openDaraja({ config, overrides, clock, database }: Foundation, simulatorUrl: string | null): Daraja {
  const { baseUrl, consumerKey } = config.daraja;
  // A simulator forgets its tokens when it stops: each has its own.
  const name = `daraja-token ${hash(`${consumerKey} ${baseUrl ?? simulatorUrl ?? ''}`)}`;
  return createDaraja(
    {
      ...config.daraja,
      baseUrl: baseUrl ?? simulatorUrl ?? '',
      ...(overrides.darajaTimeouts ? { timeouts: overrides.darajaTimeouts } : {}),
    },
    { clock, tokenStore: tokenStoreOn(createLeasedValues(database.prisma, name)) },
  );
}

/** Daraja's access token as a leased value: one for the whole deployment. */
function tokenStoreOn(values: ReturnType<typeof createLeasedValues>): TokenStore {
  const token = (kept: LeasedValue | null) =>
    kept && {
      version: kept.version,
      value: new Masked(kept.value, '[access token]'),
      expiresAt: kept.expiresAt,
    };
  return {
    ...values,
    read: async () => token(await values.read()),
    store: async (holder, afterVersion, { value, expiresAt }) =>
      token(await values.store(holder, afterVersion, { value: value.reveal(), expiresAt })),
  };
}

function startReconciling(
  { config, overrides, clock, logger, database }: Foundation,
  settleDeps: SettleDeps,
  daraja: Daraja,
): AsyncDisposable {
  const { consumerKey, businessShortCode } = config.daraja;
  const budgetName = hash(`${consumerKey} ${businessShortCode}`);
  return startReconciler({
    ...settleDeps,
    clock,
    logger,
    daraja,
    budget: createQueryBudget(database.prisma, budgetName, config.queriesPerMinute),
    ladderMs: config.ladderMs,
    idleMs: overrides.reconcilerIdleMs ?? 1_000,
  });
}

function callbackDeps(
  { config, clock, logger, secrets }: Foundation,
  settleDeps: SettleDeps,
): CallbackRouteDeps {
  return {
    clock,
    logger,
    tokenKeys: secrets.map((secret) => deriveKey(secret, 'callback-token')),
    senders: createSenderCheck(config.senders),
    batcher: createBatcher<Submission, Judgement>((batch) => settle(settleDeps, batch), {
      sizeMax: callbackBatchMax,
    }),
    hasten: (checkoutRequestId) => hasten(settleDeps, checkoutRequestId),
  };
}

/** For a newcomer on this very machine, where no other key was given; it never moves money. */
function makeDevelopmentKey({ environment, host, dataDir, secrets }: Config): Masked | null {
  const isWanted = environment === 'SIMULATOR' && isLoopback(host) && secrets.bootstrapKey === null;
  return isWanted ? keptSecret(dataDir, 'development-key', newTestKey) : null;
}

function configuredKeys({ secrets }: Config, developmentKey: Masked | null) {
  return [
    ...(secrets.bootstrapKey ? [{ key: secrets.bootstrapKey.reveal(), clientId: bootstrapClient.id }] : []),
    ...(developmentKey ? [{ key: developmentKey.reveal(), clientId: developmentClient.id }] : []),
  ];
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
