import { fileURLToPath } from 'node:url';

/** The command line of one of our own programs, by its path in `src/`. */
export function nodeProgram(path: string): { file: string; args: string[] } {
  return { file: process.execPath, args: [fileURLToPath(new URL(`../../../${path}`, import.meta.url))] };
}
