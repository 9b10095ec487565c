import { readFileSync } from 'node:fs';

/** One of Safaricom's own answers, as the text it was. */
export function payload(name: string): string {
  return readFileSync(new URL(`../../payloads/${name}.json`, import.meta.url), 'utf8');
}
