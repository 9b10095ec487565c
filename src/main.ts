import { parseArgs } from 'node:util';
import { createApp } from './app.ts';
import { ConfigError } from './config/env.ts';
import { readConfig } from './config/config.ts';
import { DirectoryInUseError } from './database/directory-lock.ts';
import { ForeignDatabaseError } from './database/deployment.ts';
import { startUpMessage, usage } from './start-up-message.ts';

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  console.log(usage);
  process.exit(0);
}

try {
  const config = readConfig(process.env);
  const app = await createApp(config);
  console.log(startUpMessage(config, app));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void app[Symbol.asyncDispose]().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
  }
} catch (error) {
  console.error(whatToSay(error));
  process.exit(1);
}

/** What the reader can mend needs no stack. */
function whatToSay(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isAboutSettings = [ConfigError, DirectoryInUseError, ForeignDatabaseError].some(
    (kind) => error instanceof kind,
  );
  if (isAboutSettings) return `\n${error.message}\n`;
  const isTaken = 'code' in error && error.code === 'EADDRINUSE';
  return isTaken ? `\n${error.message}: set PORT or SIMULATOR_PORT to a free one.\n` : error;
}
