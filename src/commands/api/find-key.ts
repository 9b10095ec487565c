import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The key that is given, else `MALIPO_KEY`, else the one that the server made for this machine. */
export function findKey(command: string, given: string | undefined, env: Env): string {
  const key = given ?? env['MALIPO_KEY'] ?? '';
  return key.trim() || developmentKey(command, join(env['DATA_DIR']?.trim() || './data', 'development-key'));
}

function developmentKey(command: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new CommandError(
      `There is no key: ${file} cannot be read.
With the simulator, npm start makes that file: run both in the same folder, or set DATA_DIR for both.
Otherwise give a key: ${command} -- --key mlp_…, or set MALIPO_KEY.`,
    );
  }
}
