import cluster from 'node:cluster';
import { createApp, type App } from '../app.ts';
import type { Config } from '../config/config.ts';
import { secretsOf } from '../config/secrets-of.ts';
import { Lifecycle } from '../lib/lifecycle.ts';
import { createLogger, type Logger } from '../lib/logger.ts';

/** From the order to stop to the end, in milliseconds. Platforms kill after 30 s. */
const stopDeadlineMs = 24_000;

/**
 * Runs Malipo in this process until it is told to stop, by a signal or by the end of the process that supervises it.
 * Resolves when it serves. Throws when it cannot start.
 */
export async function serve(config: Config, started: (app: App) => void): Promise<void> {
  const logger = createLogger(config.logLevel, { secrets: secretsOf(config) });
  const lifecycle = new Lifecycle();
  const starting = createApp(config, { lifecycle, logger });
  onOrderToStop(() => {
    if (lifecycle.phase === 'stopping') return;
    lifecycle.stop();
    void stop(starting, logger);
  });
  const app = await starting.catch((error: unknown) => {
    if (lifecycle.phase === 'stopping') return null;
    throw error;
  });
  if (app !== null) started(app);
}

function onOrderToStop(stop: () => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  if (cluster.worker === undefined) return;
  // Or Node would end the process at once, in the middle of whatever it does.
  cluster.worker.exitedAfterDisconnect = true;
  process.once('disconnect', stop);
}

/** Ends the process. What is not finished by the deadline is in the database or the spool, and goes on at the next start. */
async function stop(starting: Promise<App>, logger: Logger): Promise<void> {
  setTimeout(() => {
    logger.warn('not everything was finished in time; the next start goes on with it');
    process.exit(0);
  }, stopDeadlineMs).unref();
  const app = await starting.catch(() => null);
  try {
    await app?.[Symbol.asyncDispose]();
    process.exit(0);
  } catch (error) {
    logger.error({ err: error }, 'stopping failed');
    process.exit(1);
  }
}
