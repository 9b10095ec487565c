import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { codeOf } from '../../src/lib/error-code.ts';
import { renderPage } from './render-page.ts';
import type { Result } from './result.ts';

const data = fileURLToPath(new URL('../results.json', import.meta.url));
const page = fileURLToPath(new URL('../RESULTS.md', import.meta.url));

/** Writes `RESULTS.md` anew, with what was measured before of the works that are not among these. */
export function storeResults(fresh: readonly Result[], order: readonly string[]): void {
  const byWork = new Map([...readStored(), ...fresh].map((result) => [result.work, result]));
  const results = order.flatMap((work) => byWork.get(work) ?? []);
  writeFileSync(data, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(page, renderPage(results));
}

function readStored(): Result[] {
  try {
    return JSON.parse(readFileSync(data, 'utf8')) as Result[];
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
