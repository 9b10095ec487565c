import { stripVTControlCharacters } from 'node:util';

/** A key as the API shows it. */
export type ShownKey = {
  id: string;
  clientName: string;
  name: string;
  scopes: string[];
  hint: string;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
};

/** What is asked of a key. */
export const shownFields = 'id clientName name scopes hint createdAt expiresAt lastUsedAt revokedAt';

/** `2026-11-24 07:10Z`. */
export function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;
}

export function describeKey({ clientName, name, hint, scopes, expiresAt }: ShownKey): string {
  const until = expiresAt === null ? '' : `, until ${moment(expiresAt)}`;
  return stripVTControlCharacters(`${hint}… of ${clientName}, “${name}” (${scopes.join(', ')})${until}`);
}

/** What a new key is told with. */
export const keepIt = 'It is told this once and kept nowhere: put it where its client reads it.';
