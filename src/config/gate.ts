import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EnvReader } from './env.ts';

/** Who may ask what, and how often, on every transport. What is not a matter of taste is no setting. */
export type Gate = {
  /** Whether clients are held to so many requests a second and so many connections. */
  rateLimits: boolean;
  /** The pages of other sites that may read answers and open sockets, as browsers write them in `Origin`. */
  corsOrigins: readonly string[];
  /** Whether the schema may be asked about. */
  introspection: boolean;
  /** The only documents that are run, by the SHA-256 of their text; null: any. */
  trustedDocuments: ReadonlyMap<string, string> | null;
};

export function readGate(reader: EnvReader, environment: 'simulator' | 'sandbox' | 'production'): Gate {
  const isOn = (value: 'on' | 'off' | undefined, byDefault: boolean) =>
    value === undefined ? byDefault : value === 'on';
  return {
    rateLimits: isOn(reader.choice('RATE_LIMITS', ['on', 'off']), environment !== 'simulator'),
    introspection: isOn(reader.choice('INTROSPECTION', ['on', 'off']), environment !== 'production'),
    corsOrigins: corsOrigins(reader),
    trustedDocuments: trustedDocuments(reader),
  };
}

function corsOrigins(reader: EnvReader): readonly string[] {
  const origins = reader.list('CORS_ORIGINS') ?? [];
  for (const origin of origins) {
    if (/^https?:[^*]*$/.test(origin) && URL.parse(origin)?.origin === origin) continue;
    reader.problem(
      `CORS_ORIGINS holds ${JSON.stringify(origin)}, which is no origin such as https://shop.example.com`,
    );
  }
  return origins;
}

function trustedDocuments(reader: EnvReader): ReadonlyMap<string, string> | null {
  const file = reader.text('TRUSTED_DOCUMENTS');
  if (file === undefined) return null;
  const problem = (what: string): null => {
    reader.problem(`TRUSTED_DOCUMENTS names a file that ${what}`);
    return null;
  };
  let documents: unknown;
  try {
    documents = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return problem(error instanceof SyntaxError ? 'is not JSON' : 'cannot be read');
  }
  if (typeof documents !== 'object' || documents === null || Array.isArray(documents))
    return problem('holds no object of SHA-256 to document');
  const read = new Map<string, string>();
  for (const [name, document] of Object.entries(documents)) {
    const hash = name.replace(/^sha256:/, '').toLowerCase();
    if (typeof document !== 'string' || sha256(document) !== hash)
      return problem(`gives ${JSON.stringify(name)} to a document whose SHA-256 is another`);
    read.set(hash, document);
  }
  return read.size === 0 ? problem('holds no document') : read;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
