import type { GraphQLError } from 'graphql';
import { callerError, forbidden } from '../errors.ts';

/** The documents that may be run, by the SHA-256 of their text; null where any may. */
export type TrustedDocuments = ReadonlyMap<string, string> | null;

/** What an operation is sent as, over any transport. */
export type Params = { query?: unknown; documentId?: unknown; extensions?: unknown };

/**
 * The text that `params` mean: their `query`, or what is trusted under their `documentId` or their
 * `extensions.persistedQuery.sha256Hash`. Undefined where they name none; an error where that is not known.
 */
export function documentOf(trusted: TrustedDocuments, params: Params): unknown {
  const hash = hashOf(params);
  if (trusted === null || hash === undefined) return params.query;
  const document = typeof hash === 'string' ? trusted.get(withoutPrefix(hash)) : undefined;
  if (document === undefined) throw notTrusted();
  const { query } = params;
  if (query !== undefined && query !== null && query !== '' && query !== document) throw notTrusted();
  return document;
}

/** Refuses a text that is not one of those that are trusted. */
export function assertTrusted(trusted: TrustedDocuments): (document: string) => void {
  if (trusted === null) return () => undefined;
  const texts = new Set(trusted.values());
  return (document) => {
    if (!texts.has(document)) throw notTrusted();
  };
}

function hashOf({ documentId, extensions }: Params): unknown {
  if (documentId !== undefined && documentId !== null) return documentId;
  return member(member(extensions, 'persistedQuery'), 'sha256Hash');
}

function member(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as { [name: string]: unknown })[name] : undefined;
}

/** As GraphQL over HTTP is going to write it. */
function withoutPrefix(hash: string): string {
  return hash.replace(/^sha256:/, '').toLowerCase();
}

function notTrusted(): GraphQLError {
  return callerError(
    'FORBIDDEN',
    'This server runs only the documents that its operator has listed.',
    forbidden,
  );
}
