import { maskPhoneNumber, type Masked } from './masked.ts';

/** Gives a text without what must not be read in it, and a line of JSON likewise, which stays JSON. */
export type Redactor = { text: (text: string) => string; json: (line: string) => string };

type Scrub = readonly [pattern: RegExp, stand: string | ((found: string) => string)];

/** What names a person or opens a door, as far as it is known by its looks. */
const scrubs: readonly Scrub[] = [
  // Ends in the payer's number.
  [/ws_CO_[\w-]+/gi, '[CheckoutRequestID]'],
  [/\bmlp_[\w-]{8,}/g, '[key]'],
  [/(?<![\w-])eyJ[\w-]{8,2000}\.[\w-]+(?:\.[\w-]+)?/g, '[token]'],
  [/(?<![0-9a-f])[0-9a-f]{68}(?![0-9a-f])/gi, '[callback token]'],
  [/\b(?:Bearer|Basic) +[\w.~+/=-]{16,}/g, '[credential]'],
  [/(?<=:\/\/[^\s:/@]*:)[^\s/@]+(?=@)/g, '[password]'],
  [/(?<!\d)254[17]\d{8}(?!\d)|(?<![\w.-])0[17]\d{8}(?!\w)/g, maskPhoneNumber],
];

/** A quick look, which most lines pass: whatever a scrub finds has something of this. Two are faster than one. */
const suspicious = [
  /_CO_|mlp_|eyJ|Bearer |Basic |:\/\/|254[17]\d{8}|0[17]\d{8}/i,
  /(?:^|[^-0-9a-f])[0-9a-f]{68}/i,
];

function isSuspicious(text: string): boolean {
  return suspicious.some((pattern) => pattern.test(text));
}

/** A shorter secret is a word like any other: that of the simulator is "simulator". */
const secretLengthMin = 12;

/**
 * The net under all that is printed. Values of these kinds are types that print masked (`Masked`), so nothing should be
 * found here; but an error of the database may quote its parameters, and an error of ours a value that came from outside.
 */
export function createRedactor(secrets: readonly Masked[] = []): Redactor {
  const known = secrets.map((secret) => secret.reveal()).filter(({ length }) => length >= secretLengthMin);
  const escaped = known.map((secret) => JSON.stringify(secret).slice(1, -1));

  function text(text: string): string {
    const open = known.reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text);
    if (!isSuspicious(open)) return open;
    return scrubs.reduce(
      // The compiler tells the two kinds of `replace` apart only one by one.
      (rest, [pattern, stand]) =>
        typeof stand === 'string' ? rest.replace(pattern, stand) : rest.replace(pattern, stand),
      open,
    );
  }

  function value(found: unknown): unknown {
    if (typeof found === 'string') return text(found);
    if (typeof found === 'number') {
      const shown = text(String(found));
      return shown === String(found) ? found : shown;
    }
    if (Array.isArray(found)) return found.map(value);
    if (typeof found !== 'object' || found === null) return found;
    return Object.fromEntries(Object.entries(found).map(([name, item]) => [text(name), value(item)]));
  }

  function json(line: string): string {
    if (!isSuspicious(line) && !escaped.some((secret) => line.includes(secret))) return line;
    try {
      return `${JSON.stringify(value(JSON.parse(line)))}\n`;
    } catch {
      return text(line);
    }
  }

  return { text, json };
}
