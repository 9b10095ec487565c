import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { App } from '../app.ts';
import { startBuiltInSimulator } from '../wiring/built-in-simulator.ts';
import type { Config } from '../config/config.ts';
import { secretsOf } from '../config/secrets-of.ts';
import { createLogger, type Logger } from '../lib/logger.ts';
import { Masked } from '../lib/masked.ts';
import { sleep } from '../lib/sleep.ts';
import type { Simulator } from '../simulator/simulator.ts';
import type { Facts } from '../start-up-message.ts';
import { placeVariable } from './process-count.ts';

/** Before a process that ended is started again, in milliseconds: more each time it ends soon after. */
const pauseMinMs = 500;
const pauseMaxMs = 10_000;
const steadyMs = 60_000;

type Supervisor = {
  logger: Logger;
  /** What each process has in its environment beside ours. */
  env: Record<string, string>;
  stopping: AbortController;
  /** Whether any process has come so far as to serve: if none can, none will. */
  hasServed: boolean;
};

/** From the order to stop until a process that has not ended is killed: longer than it gives itself. */
const stopDeadlineMs = 26_000;

/** What a process says of itself when it serves. */
type Report = Omit<Facts, 'developmentKey'> & { developmentKey: string | null };

/**
 * Runs so many processes of Malipo on one port, starts again those that end, and says when all serve. The built-in
 * simulator runs here: it is one, however many ask it.
 */
export async function supervise(
  config: Config,
  count: number,
  started: (facts: Facts) => void,
): Promise<void> {
  const logger = createLogger(config.logLevel, { secrets: secretsOf(config) });
  const simulator = config.simulator === null ? null : await startBuiltInSimulator();
  const env: Record<string, string> = simulator === null ? {} : { MPESA_BASE_URL: simulator.url };
  const supervisor = { logger, env, stopping: new AbortController(), hasServed: false };
  const places = Array.from({ length: count }, (_, place) => keepRunning(supervisor, place));
  const stop = (): void => supervisor.stopping.abort();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  void Promise.all(places.map(({ ended }) => ended)).then((codes) => end(simulator, codes));

  const [report] = await Promise.all(places.map(({ serves }) => serves));
  if (report) started(factsFrom(report, simulator));
}

async function end(simulator: Simulator | null, codes: readonly number[]): Promise<void> {
  await simulator?.close();
  process.exit(Math.max(...codes));
}

type Place = {
  /** Resolves when the first process in it serves. */
  serves: Promise<Report>;
  /** Resolves with an exit code when it is given up: told to stop, or never able to start. */
  ended: Promise<number>;
};

function keepRunning(supervisor: Supervisor, place: number): Place {
  const { promise: serves, resolve } = Promise.withResolvers<Report>();
  return { serves, ended: runAgainAndAgain(supervisor, place, resolve) };
}

async function runAgainAndAgain(
  supervisor: Supervisor,
  place: number,
  served: (report: Report) => void,
): Promise<number> {
  const { logger, stopping } = supervisor;
  let pauseMs = pauseMinMs;
  for (;;) {
    const startedAt = performance.now();
    const code = await runOnce(supervisor, place, served);
    if (stopping.signal.aborted) return code ?? 0;
    if (code !== null && !supervisor.hasServed) {
      // It has said why, and the others would say the same.
      stopping.abort();
      return code || 1;
    }
    logger.error({ code }, 'a process ended; starting another');
    if (performance.now() - startedAt > steadyMs) pauseMs = pauseMinMs;
    await sleep(pauseMs, stopping.signal);
    pauseMs = Math.min(pauseMaxMs, pauseMs * 2);
  }
}

/** Runs one process to its end. Resolves with its exit code, or null when something killed it or it never began. */
async function runOnce(
  supervisor: Supervisor,
  place: number,
  served: (report: Report) => void,
): Promise<number | null> {
  if (supervisor.stopping.signal.aborted) return 0;
  try {
    const worker = cluster.fork({ ...supervisor.env, [placeVariable]: String(place) });
    worker.once('message', (report: Report) => {
      supervisor.hasServed = true;
      served(report);
    });
    using order = passOnOrderToStop(supervisor, worker);
    const [code] = (await once(worker, 'exit')) as [number | null];
    return order.wasIgnored() ? 1 : code;
  } catch (error) {
    // The machine is full, or Node itself is just being replaced.
    supervisor.logger.error({ err: error }, 'a process could not be started');
    return null;
  }
}

/** Each process keeps a deadline of its own, unless it hangs. */
function passOnOrderToStop(
  { stopping }: Supervisor,
  worker: Worker,
): Disposable & { wasIgnored: () => boolean } {
  let deadline: NodeJS.Timeout | undefined;
  let wasIgnored = false;
  const kill = (): void => {
    wasIgnored = true;
    worker.process.kill('SIGKILL');
  };
  const stop = (): void => {
    worker.process.kill('SIGTERM');
    deadline = setTimeout(kill, stopDeadlineMs);
  };
  stopping.signal.addEventListener('abort', stop);
  return {
    wasIgnored: () => wasIgnored,
    [Symbol.dispose]() {
      clearTimeout(deadline);
      stopping.signal.removeEventListener('abort', stop);
    },
  };
}

/** Tells the supervisor that this process serves, and where. */
export function reportStart(app: App): void {
  const { url, callbackBaseUrl, metricsUrl, simulatorUrl, databaseKind } = app;
  const developmentKey = app.developmentKey?.reveal() ?? null;
  const report: Report = { url, callbackBaseUrl, metricsUrl, simulatorUrl, databaseKind, developmentKey };
  process.send?.(report);
}

function factsFrom(report: Report, simulator: Simulator | null): Facts {
  const { developmentKey } = report;
  return {
    ...report,
    simulatorUrl: simulator?.url ?? null,
    developmentKey: developmentKey === null ? null : new Masked(developmentKey),
  };
}
