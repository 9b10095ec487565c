import type { IncomingHttpHeaders } from 'node:http';

/** What the Authorization header carries; undefined without one, null for one that is no bearer credential. */
export function bearerCredential(header: IncomingHttpHeaders['authorization']): string | null | undefined {
  if (header === undefined) return undefined;
  return /^Bearer +([\x21-\x7e]{1,4096}) *$/i.exec(header)?.[1] ?? null;
}
