import { SpoolUnusableError } from './callbacks/spool/spool.ts';
import { ConfigError } from './config/env.ts';
import { UnusableDatabaseError } from './database/await-database.ts';
import { ForeignDatabaseError } from './database/deployment.ts';
import { DirectoryInUseError } from './database/directory-lock.ts';
import { codeOf } from './lib/error-code.ts';

const aboutSettings = [
  ConfigError,
  DirectoryInUseError,
  ForeignDatabaseError,
  SpoolUnusableError,
  UnusableDatabaseError,
];

/** Why Malipo cannot start: a sentence where the reader can mend it, and the whole error where that is ours to do. */
export function whatToSay(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (aboutSettings.some((kind) => error instanceof kind)) return `\n${error.message}\n`;
  const code = codeOf(error);
  if (code.startsWith('ERR_PARSE_ARGS'))
    return `\n${error.message}\nnpm start -- --help says what there is.\n`;
  return code === 'EADDRINUSE' ? `\n${error.message}: set PORT or SIMULATOR_PORT to a free one.\n` : error;
}
