import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { callbackUrlProblem } from '../daraja/field-rules.ts';
import type { CoolDowns } from '../daraja/cool-downs.ts';
import { Masked } from '../lib/masked.ts';
import { databaseSettings, type DatabaseSettings } from './database-settings.ts';
import { ConfigError, EnvReader, type Env } from './env.ts';
import { readGate, type Gate } from './gate.ts';
import { coolDowns, promptLimits, type PromptLimits } from './prompt-guard.ts';
import { callbackSenders, type CallbackSenders } from './safaricom-addresses.ts';
import { tracingSettings, type TracingSettings } from './tracing.ts';

export type Environment = 'SIMULATOR' | 'SANDBOX' | 'PRODUCTION';

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

export type DarajaConfig = {
  /** Null: the built-in simulator's, once it runs. */
  baseUrl: string | null;
  consumerKey: string;
  consumerSecret: Masked;
  passkey: Masked;
  businessShortCode: string;
  transactionType: 'CustomerPayBillOnline' | 'CustomerBuyGoodsOnline';
  partyB: string;
};

const environments = { simulator: 'SIMULATOR', sandbox: 'SANDBOX', production: 'PRODUCTION' } as const;
type EnvironmentName = keyof typeof environments;

const safaricomUrls: Record<EnvironmentName, string | null> = {
  simulator: null,
  sandbox: 'https://sandbox.safaricom.co.ke',
  production: 'https://api.safaricom.co.ke',
};

/** Sandbox: Safaricom's own limit. The others are ours, below anything that was seen refused (daraja.md §4). */
const queriesPerMinute: Record<EnvironmentName, number> = { simulator: 600, sandbox: 5, production: 60 };

const requiredForDaraja = [
  'MPESA_CONSUMER_KEY',
  'MPESA_CONSUMER_SECRET',
  'MPESA_PASSKEY',
  'MPESA_BUSINESS_SHORTCODE',
] as const;

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

/** Only a machine's own address may leave M-Pesa out: anything else without credentials would pretend to be paid. */
function environmentName(reader: EnvReader, host: string): EnvironmentName {
  const chosen = reader.choice('MPESA_ENVIRONMENT', ['simulator', 'sandbox', 'production']);
  const baseUrl = reader.text('MPESA_BASE_URL');
  if (baseUrl !== undefined && !/^https?:\/\/[^\s?#]+$/.test(baseUrl)) {
    reader.problem('MPESA_BASE_URL must be an http:// or https:// address');
  }
  const isSafaricom = baseUrl === undefined || isSafaricomHost(URL.parse(baseUrl)?.hostname ?? '');
  if (!isSafaricom) {
    if (chosen !== undefined && chosen !== 'simulator') {
      reader.problem(
        `MPESA_BASE_URL is not Safaricom's, so MPESA_ENVIRONMENT must be simulator, not ${chosen}`,
      );
    }
    return 'simulator';
  }
  if (chosen !== undefined) {
    // Played money must never be called real, nor real money played.
    if (baseUrl !== undefined && baseUrl.replace(/\/$/, '') !== safaricomUrls[chosen]) {
      reader.problem(`MPESA_BASE_URL is not the address of the ${chosen} environment; leave it out`);
    }
    return chosen;
  }
  if (baseUrl !== undefined) {
    reader.problem(`MPESA_ENVIRONMENT must say sandbox or production, because MPESA_BASE_URL is Safaricom's`);
    return 'simulator';
  }
  if (reader.text('MPESA_ENVIRONMENT') !== undefined) return 'simulator';
  const given = requiredForDaraja.filter((name) => reader.has(name));
  if (given.length > 0) {
    reader.problem(`MPESA_ENVIRONMENT must say sandbox or production, because ${given.join(', ')} is set`);
  } else if (!isLoopback(host)) {
    reader.problem(`MPESA_ENVIRONMENT must be set, because HOST ${host} can be reached from other machines`);
  }
  return 'simulator';
}

/** However its address is written: what speaks to Safaricom must never be called a simulator. */
function isSafaricomHost(hostname: string): boolean {
  return hostname === 'safaricom.co.ke' || hostname.endsWith('.safaricom.co.ke');
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function darajaConfig(reader: EnvReader, name: EnvironmentName): DarajaConfig {
  if (name !== 'simulator') {
    for (const required of requiredForDaraja) {
      if (!reader.has(required)) reader.problem(`${required} is missing`);
    }
  }
  const businessShortCode = reader.secret('MPESA_BUSINESS_SHORTCODE') ?? '174379';
  const partyB = reader.text('MPESA_PARTY_B') ?? businessShortCode;
  for (const [setting, code] of Object.entries({
    MPESA_BUSINESS_SHORTCODE: businessShortCode,
    MPESA_PARTY_B: partyB,
  })) {
    const isCopy = setting === 'MPESA_PARTY_B' && code === businessShortCode;
    if (!isCopy && !/^\d{5,7}$/.test(code)) reader.problem(`${setting} must have 5 to 7 digits`);
  }
  const transactionType =
    reader.choice('MPESA_TRANSACTION_TYPE', ['CustomerPayBillOnline', 'CustomerBuyGoodsOnline']) ??
    'CustomerPayBillOnline';
  if (transactionType === 'CustomerBuyGoodsOnline' && reader.text('MPESA_PARTY_B') === undefined) {
    reader.problem('MPESA_PARTY_B must be the till number; MPESA_BUSINESS_SHORTCODE is the store number');
  }
  return {
    baseUrl: reader.text('MPESA_BASE_URL') ?? safaricomUrls[name],
    consumerKey: reader.secret('MPESA_CONSUMER_KEY') ?? 'simulator',
    consumerSecret: new Masked(reader.secret('MPESA_CONSUMER_SECRET') ?? 'simulator'),
    passkey: new Masked(reader.secret('MPESA_PASSKEY') ?? 'simulator'),
    businessShortCode,
    transactionType,
    partyB,
  };
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

const secretLengthMin = 32;

/** Empty: one is made and kept in DATA_DIR. */
function malipoSecrets(reader: EnvReader, name: EnvironmentName): Masked[] {
  const secrets = (reader.secret('MALIPO_SECRET') ?? '').split(/[\s,]+/).filter((text) => text !== '');
  if (secrets.some((secret) => secret.length < secretLengthMin)) {
    reader.problem(
      `MALIPO_SECRET must have at least ${String(secretLengthMin)} characters, such as \`openssl rand -hex 32\` prints`,
    );
  }
  if (name === 'production' && secrets.length === 0) reader.problem('MALIPO_SECRET is missing');
  return secrets.map((secret) => new Masked(secret));
}

const bootstrapKeyLengthMin = 20;

function bootstrapKey(reader: EnvReader): Masked | null {
  const key = reader.secret('BOOTSTRAP_API_KEY');
  if (key === undefined) return null;
  if (key.length < bootstrapKeyLengthMin || !/^[\x21-\x7e]+$/.test(key)) {
    reader.problem(
      `BOOTSTRAP_API_KEY must have at least ${String(bootstrapKeyLengthMin)} printable characters and no spaces`,
    );
  }
  return new Masked(key);
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
