import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Leak = { kind: string; line: string };

/**
 * What must stand in no log line. Written anew and not taken from src/lib/redact.ts: what that overlooks, this should
 * find.
 */
const kinds: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['a phone number', /(?<!\d)254[17]\d{8}(?!\d)/],
  ['a phone number', /(?<![\w.-])0[17]\d{8}(?![\w-])/],
  ['a CheckoutRequestID', /ws_CO_\w/i],
  ['an API key', /mlp_(?:test|live)_\w/],
  ['a watch token', /eyJ[\w-]+\.eyJ[\w-]+/],
  ['a callback token', /[0-9a-f]{68}/i],
  ['a credential', /Bearer [\w.~+/=-]{16}|Basic [\w+/]{16}/],
  ['a password', /:\/\/[^\s:/@[\]"]*:(?!\[password\])[^\s/@"]+@/],
  ['the passkey of the sandbox', /bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919/],
];

/** A shorter one is a word, such as "simulator", which stands for a secret where there is nothing to protect. */
const secretLengthMin = 10;

/** Printed on purpose when a server starts, for a newcomer on this very machine. */
const developmentKeyOfStart = /^ {2}development key {2}mlp_test_\S+$/;

export function findLeaks(text: string, secrets: readonly string[]): Leak[] {
  const known = [...new Set(secrets)].filter(({ length }) => length >= secretLengthMin);
  // As it stands in a line of JSON, and as it is.
  const forms = [...new Set(known.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]))];
  return text.split('\n').flatMap((line): Leak[] => {
    if (developmentKeyOfStart.test(line)) return [];
    const found = kinds.find(([, pattern]) => pattern.test(line));
    if (found !== undefined) return [{ kind: found[0], line }];
    return forms.some((secret) => line.includes(secret)) ? [{ kind: 'a secret of the settings', line }] : [];
  });
}

/** Looks through what the servers of a whole run logged and printed. */
export function searchRecord(folder: string): {
  lines: number;
  leaks: (Leak & { file: string })[];
  /** Lines that hold none only because the net under the logger caught it. */
  caught: string[];
} {
  const names = readdirSync(folder);
  const secrets = names.includes('secrets')
    ? readFileSync(join(folder, 'secrets'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as string)
    : [];
  let lines = 0;
  const leaks = names
    .filter((name) => name.endsWith('.log'))
    .flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      lines += text.split('\n').length - 1;
      return findLeaks(text, secrets).map((leak) => ({ file, ...leak }));
    });
  const caught = names.includes('caught')
    ? readFileSync(join(folder, 'caught'), 'utf8').trim().split('\n')
    : [];
  return { lines, leaks, caught };
}
