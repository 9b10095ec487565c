import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { callbackUrlProblem } from '../daraja/field-rules.ts';
import type { CoolDowns } from '../daraja/cool-downs.ts';
import { Masked } from '../lib/masked.ts';
import { darajaConfig, type DarajaConfig } from './daraja-settings.ts';
import { databaseSettings, type DatabaseSettings } from './database-settings.ts';
import { ConfigError, EnvReader, type Env } from './env.ts';
import { environmentName, environments, type Environment, type EnvironmentName } from './environment.ts';
import { readGate, type Gate } from './gate.ts';
import { coolDowns, promptLimits, type PromptLimits } from './prompt-guard.ts';
import { callbackSenders, type CallbackSenders } from './safaricom-addresses.ts';
import { bootstrapKey, malipoSecrets } from './secrets.ts';
import { tracingSettings, type TracingSettings } from './tracing.ts';

/** How a process tells others to look at a payment. */
export type HintsSettings =
  { kind: 'memory' } | { kind: 'postgresql'; url: string } | { kind: 'redis'; url: Masked };

export type MetricsSettings = {
  /** Serves metrics without a key, on this machine alone; null: nowhere but on `port`, for keys. */
  port: number | null;
  /** Whether `port` is shared with other processes, each of which counts for itself. */
  isPortShared: boolean;
};

export type Config = {
  environment: Environment;
  version: string;
  host: string;
  port: number;
  /** Serves callbacks and nothing else, beside `port`: the one to expose to the internet. */
  callbackPort: number | null;
  metrics: MetricsSettings;
  /** Null: nothing is traced. */
  tracing: TracingSettings | null;
  /** Null: this server itself, once it knows its port. */
  callbackBaseUrl: string | null;
  database: DatabaseSettings;
  hints: HintsSettings;
  dataDir: string;
  /** What the callbacks that wait for the database may take on the disk. */
  spoolBytesMax: number;
  daraja: DarajaConfig;
  /** Whether to run the built-in simulator, which is then what `daraja` speaks to. */
  simulator: 'built-in' | null;
  ladderMs: readonly number[];
  queriesPerMinute: number;
  /** How often payers may be prompted; null: as often as anyone asks. */
  promptLimits: PromptLimits | null;
  /** How long M-Pesa wants a phone left alone after some results, in seconds. */
  coolDowns: CoolDowns;
  /** How long the raw bodies of callbacks are kept. */
  callbackBodyDays: number;
  senders: CallbackSenders;
  trustedProxies: readonly string[];
  gate: Gate;
  logLevel: string;
  secrets: { malipoSecrets: readonly Masked[]; bootstrapKey: Masked | null };
};

/** Sandbox: Safaricom's own limit. The others are ours, below anything that was seen refused (daraja.md §4). */
const queriesPerMinute: Record<EnvironmentName, number> = { simulator: 600, sandbox: 5, production: 60 };

const defaultLadderSeconds = [60, 120, 300, 900, 3600, 21_600, 86_400];
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Turns the environment's variables into settings with meaning. Throws one ConfigError that names every bad one. */
export function readConfig(env: Env): Config {
  const { config, problems } = inspectConfig(env);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** For who must go on with the settings that are good. Each problem names its settings, whose values mean nothing. */
export function inspectConfig(env: Env): { config: Config; problems: readonly string[] } {
  const reader = new EnvReader(env);
  const host = reader.text('HOST') ?? '127.0.0.1';
  const name = environmentName(reader, host);
  const port = reader.integer('PORT', 4000, { min: 0, max: 65_535 });
  const dataDir = reader.text('DATA_DIR') ?? './data';
  const trustedProxies = reader.list('TRUSTED_PROXIES') ?? [];
  for (const entry of trustedProxies) checkAddress(reader, 'TRUSTED_PROXIES', entry);
  const allowedIps = reader.list('CALLBACK_ALLOWED_IPS') ?? null;
  for (const entry of allowedIps ?? []) checkAddress(reader, 'CALLBACK_ALLOWED_IPS', entry);
  const database = databaseSettings(reader, name === 'production', dataDir);
  const callbackPort =
    reader.text('CALLBACK_PORT') === undefined
      ? null
      : reader.integer('CALLBACK_PORT', 0, { min: 0, max: 65_535 });
  const metricsPort =
    reader.text('METRICS_PORT') === undefined
      ? null
      : reader.integer('METRICS_PORT', 0, { min: 0, max: 65_535 });
  if (metricsPort && [port, callbackPort].includes(metricsPort)) {
    reader.problem('METRICS_PORT must be another port than PORT and CALLBACK_PORT');
  }
  const config: Config = {
    environment: environments[name],
    version: ownVersion(),
    host,
    port,
    callbackPort,
    metrics: { port: metricsPort, isPortShared: false },
    tracing: tracingSettings(reader),
    callbackBaseUrl: callbackBaseUrl(reader, name),
    database,
    hints: hintsSettings(reader, database),
    dataDir,
    spoolBytesMax: reader.integer('SPOOL_MAX_MB', 256, { min: 1, max: 1_000_000 }) * 1024 * 1024,
    daraja: darajaConfig(reader, name),
    simulator: name === 'simulator' && reader.text('MPESA_BASE_URL') === undefined ? 'built-in' : null,
    ladderMs: ladder(reader),
    queriesPerMinute: reader.integer('STK_QUERY_BUDGET_PER_MINUTE', queriesPerMinute[name], {
      min: 1,
      max: 60_000,
    }),
    promptLimits: promptLimits(reader, name === 'simulator'),
    coolDowns: coolDowns(reader),
    callbackBodyDays: reader.integer('CALLBACK_RETENTION_DAYS', 90, { min: 1, max: 36_500 }),
    senders: callbackSenders(name, allowedIps, trustedProxies.length > 0),
    trustedProxies,
    gate: readGate(reader, name),
    logLevel: reader.choice('LOG_LEVEL', logLevels) ?? 'info',
    secrets: { malipoSecrets: malipoSecrets(reader, name), bootstrapKey: bootstrapKey(reader) },
  };
  return { config, problems: reader.problems };
}

function callbackBaseUrl(reader: EnvReader, name: EnvironmentName): string | null {
  const url = reader.text('CALLBACK_BASE_URL')?.replace(/\/+$/, '');
  if (url === undefined) {
    if (name !== 'simulator') {
      reader.problem(
        'CALLBACK_BASE_URL is missing: the public address under which M-Pesa reaches this server',
      );
    }
    return null;
  }
  const problem = callbackUrlProblem(url, { requireHttps: name === 'production' });
  if (problem !== null && name !== 'simulator') reader.problem(`CALLBACK_BASE_URL ${problem}`);
  else if (!URL.canParse(url)) reader.problem('CALLBACK_BASE_URL must be an http:// or https:// address');
  return url;
}

function hintsSettings(reader: EnvReader, database: DatabaseSettings): HintsSettings {
  const url = reader.secret('REDIS_URL');
  if (url === undefined) return database.kind === 'postgresql' ? database : { kind: 'memory' };
  if (!isRedisUrl(url)) reader.problem('REDIS_URL must be a redis:// or rediss:// address');
  return { kind: 'redis', url: new Masked(url) };
}

/** What its client would refuse is refused here: it would quote the address, with the password. */
function isRedisUrl(text: string): boolean {
  const { protocol, hostname, username, password, pathname } = URL.parse(text) ?? new URL('none:');
  const hasOddPercent = /%(?![0-9a-f]{2})/i.test(username + password);
  // What follows the host, if anything, is the number of a database.
  return /^rediss?:$/.test(protocol) && hostname !== '' && /^\/?\d*$/.test(pathname) && !hasOddPercent;
}

function ladder(reader: EnvReader): number[] {
  const seconds = reader.list('RECONCILE_LADDER_SECONDS')?.map(Number) ?? defaultLadderSeconds;
  if (
    seconds.length === 0 ||
    seconds.some((pause) => !Number.isInteger(pause) || pause < 1 || pause > 31_536_000)
  ) {
    reader.problem('RECONCILE_LADDER_SECONDS must be whole numbers of seconds, separated by commas');
  }
  return seconds.map((pause) => pause * 1000);
}

function checkAddress(reader: EnvReader, name: string, entry: string): void {
  const [address = '', bits, rest] = entry.split('/');
  const family = isIP(address);
  const isBlock = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
  if (family === 0 || !isBlock || rest !== undefined) {
    reader.problem(
      `${name} holds ${JSON.stringify(entry)}, which is neither an IP address nor a block such as 10.0.0.0/8`,
    );
  }
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
