import { join } from 'node:path';
import { ensureFixedClients } from '../access/fixed-clients.ts';
import { Spool } from '../callbacks/spool/spool.ts';
import type { Config } from '../config/config.ts';
import { secretsOf } from '../config/secrets-of.ts';
import { fingerprintOfSecret, keptSecret, newSecret } from '../config/kept-secret.ts';
import { createDatabaseCheck } from '../database/database-check.ts';
import { bindDeployment } from '../database/deployment.ts';
import type { Database } from '../database/database.ts';
import { openDatabase } from '../database/open-database.ts';
import { openHints } from '../feed/hints/open-hints.ts';
import type { Hints } from '../feed/hints/hints.ts';
import { createWatchers, type Watchers } from '../feed/watchers.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { Lifecycle } from '../lib/lifecycle.ts';
import { createLogger, type Logger } from '../lib/logger.ts';
import type { Trace } from '../lib/trace.ts';
import type { Masked } from '../lib/masked.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import type { SimulatorSettings } from '../simulator/settings.ts';
import { abandonLeases } from '../transactions/expire-leases.ts';
import type { SettleDeps } from '../transactions/settle/settle.ts';
import { openTracing } from './tracing.ts';

/** What a caller may replace. Times are in milliseconds. */
export type Overrides = {
  /** Tells the app when to stop waiting for what it needs. */
  lifecycle?: Lifecycle;
  clock?: Clock;
  logger?: Logger;
  openDatabase?: () => Promise<Database>;
  simulator?: SimulatorSettings;
  reconcilerIdleMs?: number;
  catchUpPauseMs?: number;
  socketAgeMs?: number;
  resendPausesMs?: readonly number[];
  /** From the order to stop until nobody new comes in. */
  drainMs?: number;
  darajaTimeouts?: { connectMs?: number; totalMs?: number };
};

/** What every other part stands on. */
export type Foundation = {
  config: Config;
  overrides: Overrides;
  lifecycle: Lifecycle;
  clock: Clock;
  logger: Logger;
  secrets: Secrets;
  spool: Spool;
  database: Database;
  /** Says within seconds whether the database could be written to now. */
  databaseAnswers: () => Promise<boolean>;
  watchers: Watchers;
  hints: Hints;
  metrics: Metrics;
  trace: Trace;
  settling: SettleDeps;
};
/** The newest first: it makes tokens, and the others still open what they made. */
type Secrets = readonly [Masked, ...Masked[]];

/** Opens what is kept on this machine and what is reached over the network, none of which need answer yet. */
export async function layFoundation(
  config: Config,
  overrides: Overrides,
  parts: AsyncDisposableStack,
): Promise<Foundation> {
  const { clock = systemClock } = overrides;
  const { logger = createLogger(config.logLevel, { secrets: secretsOf(config) }) } = overrides;
  const { lifecycle = new Lifecycle() } = overrides;
  const folder = join(config.dataDir, 'spool');
  const spool = parts.use(await Spool.open({ folder, bytesMax: config.spoolBytesMax, clock, logger }));
  const database = parts.use(await (overrides.openDatabase?.() ?? openDatabase(config.database)));
  const watchers = createWatchers();
  const metrics = createMetrics();
  const trace = await openTracing(config, parts);
  const { hintReturned: observeLag } = metrics.feed;
  const hints = parts.use(await openHints(config.hints, { watchers, logger, observeLag, trace }));
  const settling: SettleDeps = {
    prisma: database.prisma,
    sql: database.sql,
    transaction: database.transaction,
    logger,
    announce: (ids) => hints.publish(ids),
    observe: metrics.payments.settled,
  };
  const secrets = malipoSecrets(config);
  const databaseAnswers = createDatabaseCheck(database.prisma);
  return {
    config,
    overrides,
    lifecycle,
    clock,
    logger,
    secrets,
    spool,
    database,
    databaseAnswers,
    watchers,
    hints,
    metrics,
    trace,
    settling,
  };
}

function malipoSecrets({ secrets, dataDir }: Config): Secrets {
  const [newest = keptSecret(dataDir, 'secret', newSecret), ...older] = secrets.malipoSecrets;
  return [newest, ...older];
}

/** What is to be done before the database is used. May be done again. */
export async function prepareDatabase({ config, database, secrets }: Foundation): Promise<void> {
  const [newest, ...older] = secrets;
  await database.migrate();
  await bindDeployment(database.prisma, {
    environment: config.environment,
    secretFingerprints: [fingerprintOfSecret(newest), ...older.map(fingerprintOfSecret)],
  });
  await ensureFixedClients(database.prisma);
  // The embedded database has one owner: whoever held these is gone.
  if (database.kind === 'embedded') await abandonLeases(database.prisma);
}
