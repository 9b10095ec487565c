import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { CommandError } from '../api/command-error.ts';
import type { Api } from '../api/connect.ts';

/** Arguments that nothing can be done with. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What is told: `text` on standard output, where a script reads it, `note` beside it on standard error. */
export type Told = { text: string; note?: string; json: object };

export type KeysCommand = {
  help: string;
  /** Throws a UsageError. */
  read: (args: readonly string[]) => {
    url: string;
    key?: string | undefined;
    json: boolean;
    work: (api: Api) => Promise<Told>;
  };
};

export const commonHelp = `  --url <url>  where Malipo runs; default http://127.0.0.1:4000
  --key <key>  an API key with admin; default $MALIPO_KEY, else the development key in $DATA_DIR (./data)
  --json       the answer as one line of JSON
  -h, --help   this text

Exit code: 0 when it is done, 1 when it is not, 2 when the arguments are wrong.
`;

const commonOptions = {
  url: { type: 'string', default: 'http://127.0.0.1:4000' },
  key: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig;

/** The options that every command has and those of one. Throws a UsageError for others. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...commonOptions, ...options },
      allowPositionals: true,
    });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** The one word that must stand besides the options. */
export function onlyWord(positionals: readonly string[], what: string): string {
  const [word, ...others] = positionals;
  if (word !== undefined && others.length === 0) return word;
  throw new UsageError(`Give ${what}, and nothing else besides the options.`);
}

export function noWord(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError(`What is ${JSON.stringify(positionals[0])} for?`);
}

export function wholeNumber(name: string, text: string, max: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
  throw new UsageError(`--${name} must be a whole number, ${String(max)} at most.`);
}

export type UserError = { message: string; path: string[] };

/** Throws a CommandError that tells all that the server refused. */
export function assertDone(userErrors: readonly UserError[]): void {
  if (userErrors.length === 0) return;
  const problems = userErrors.map(({ path, message }) => `  ${path.at(-1) ?? ''}: ${message}`);
  throw new CommandError(`Malipo refused:\n${problems.join('\n')}`);
}
