import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { pino } from 'pino';
import { inject } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { secretsOf } from '../../src/config/secrets-of.ts';
import type { Env } from '../../src/config/env.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { createRedactor } from '../../src/lib/redact.ts';
import type { Masked } from '../../src/lib/masked.ts';

/** What this run's servers print; when all tests are done, test/support/global-setup.ts looks through it for leaks. */
const folder = inject('logFolder');

/** Synchronous, so that what was logged before a crash is there. */
const recordedLines = pino.destination({
  dest: join(folder, `logged-${String(process.pid)}.log`),
  append: true,
  sync: true,
});

type Options = { level?: string; secrets?: readonly Masked[]; tell?: (line: string) => void };

/**
 * Logs as a server would, into the record, and to the test if it wants to know. What only the net under the logger keeps
 * out is noted as well: it should not have been logged in the first place.
 */
export function recordingLogger({ level = 'trace', secrets = [], tell }: Options = {}): Logger {
  const net = createRedactor(secrets);
  const write = (line: string): void => {
    const shown = net.json(line);
    recordedLines.write(shown);
    if (shown !== line) appendFileSync(join(folder, 'caught'), shown);
    tell?.(shown);
  };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write });
}

/** For whoever has no secrets and wants to know nothing. */
export const testLogger = recordingLogger();

/** Tells the test each line from level info on. */
export function tellingLogger(tell: (line: string) => void): Logger {
  return recordingLogger({ level: 'info', tell });
}

/** Everything that the child prints, as it comes. */
export function recordOutput(child: ChildProcess): void {
  const file = join(folder, `printed-${String(process.pid)}-${String(child.pid)}.log`);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      appendFileSync(file, chunk);
    });
  }
}

/** From now on none of these may stand in the record. */
export function recordSecrets(secrets: readonly string[]): void {
  if (secrets.length > 0) appendFileSync(join(folder, 'secrets'), `${secrets.map(asLine).join('\n')}\n`);
}

export function recordSecretsOfConfig(config: Config): void {
  const { database } = config;
  const urls = database.kind === 'postgresql' ? [database.url] : [];
  recordSecrets([...secretsOf(config).map((secret) => secret.reveal()), ...urls.flatMap(passwordOf)]);
}

/** What a server that is started with this environment must not print. */
export function recordSecretsOfEnv(env: Env): void {
  const names = [
    'MPESA_CONSUMER_KEY',
    'MPESA_CONSUMER_SECRET',
    'MPESA_PASSKEY',
    'MALIPO_SECRET',
    'BOOTSTRAP_API_KEY',
  ];
  const urls = [env['DATABASE_URL'], env['REDIS_URL']].flatMap((url) => passwordOf(url ?? ''));
  recordSecrets([...names.flatMap((name) => env[name]?.split(',') ?? []), ...urls]);
}

function passwordOf(url: string): string[] {
  const password = URL.parse(url)?.password ?? '';
  return password === '' ? [] : [password];
}

const asLine = (secret: string): string => JSON.stringify(secret);
